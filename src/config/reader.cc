#include "config/reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/yaml.h"

namespace slipway::config {

namespace {
using base::YamlNode;

constexpr std::string_view kPrefix = "SLIPWAY_";

std::string variable_name(std::string_view path) {
  std::string name(kPrefix);
  for (const char c : path) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool plain = letter || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name.push_back(letter ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_');
  }
  return name;
}

std::string yaml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

// What a source says about one setting.
struct Found {
  const YamlNode* node = nullptr;  // in the file
  std::string text;                // elsewhere, or the node's scalar
  std::string origin;              // "settings.yaml:3:5", "SLIPWAY_HTTP_IDLE_TIME", "the command line"
};

struct Entry {
  std::string name;
  std::string value;   // as YAML
  std::string origin;  // "default" and the above
};
}  // namespace

// What all sections of one reader share.
struct ReaderState {
  Sources sources;
  YamlNode file;
  std::vector<std::string> mistakes;
  std::set<std::string> variables;  // that a setting looked at
  std::set<std::string> overrides;  // likewise
};

struct SectionState {
  std::shared_ptr<ReaderState> shared;
  const YamlNode* node = nullptr;  // a mapping, or null where the file has none here
  std::string path;                // "" of the root, "http", "listeners.0"
  std::vector<std::string> known;
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::shared_ptr<SectionState>>> children;

  std::string path_of(std::string_view name) const {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  }
  std::string place(const base::YamlMark& mark) const {
    return fmt::format("{}:{}:{}", shared->sources.file_name, mark.line, mark.column);
  }
  void note(const std::string& origin, std::string_view name, std::string_view why) {
    shared->mistakes.push_back(fmt::format("{}: {}: {}", origin, path_of(name), why));
  }
  const YamlNode* in_file(std::string_view name) {
    if (std::ranges::find(known, name) == known.end()) known.emplace_back(name);
    return node ? node->find(name) : nullptr;
  }

  std::optional<Found> find(std::string_view name) {
    const auto* value = in_file(name);
    const auto full = path_of(name);
    const auto variable = variable_name(full);
    shared->variables.insert(variable);
    shared->overrides.insert(full);
    if (const auto it = shared->sources.overrides.find(full); it != shared->sources.overrides.end()) {
      return Found{nullptr, it->second, "the command line"};
    }
    if (const auto it = shared->sources.environment.find(variable); it != shared->sources.environment.end()) {
      return Found{nullptr, it->second, variable};
    }
    if (value) return Found{value, value->text, place(value->mark)};
    return std::nullopt;
  }

  // `parse` turns a text into a value or says why not; `print` gives the value as YAML.
  template <class T, class Parse, class Print>
  void read(std::string_view name, T& field, Parse parse, Print print) {
    std::string origin = "default";
    if (const auto found = find(name)) {
      if (found->node && (!found->node->is_scalar() || found->node->kind == YamlNode::Kind::null)) {
        note(found->origin, name, fmt::format("must be one value, not a {}", base::to_string(found->node->kind)));
      } else if (auto value = parse(found->text)) {
        field = std::move(value).value();
        origin = found->origin;
      } else {
        note(found->origin, name, value.error().message);
      }
    }
    entries.push_back({std::string(name), print(field), origin});
  }
};

std::map<std::string, std::string> slipway_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with(kPrefix)) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

namespace {
template <class T>
base::Result<T> parse_integer(std::string_view text, T least, T most) {
  T number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return base::invalid(fmt::format("\"{}\" is no whole number", base::excerpt(text)));
  }
  if (number < least) return base::invalid(fmt::format("{} is too small: at least {}", number, least));
  if (number > most) return base::invalid(fmt::format("{} is too large: at most {}", number, most));
  return number;
}

base::Result<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return base::invalid(fmt::format("\"{}\" is neither true nor false", base::excerpt(text)));
}

const auto kText = [](std::string_view text) -> base::Result<std::string> { return std::string(text); };
}  // namespace

void Section::read(std::string_view name, std::string& field) {
  state_->read(name, field, kText, yaml_quoted);
}

void Section::read(std::string_view name, base::Secret& field) {
  state_->read(
      name, field, [](std::string_view text) -> base::Result<base::Secret> { return base::Secret(std::string(text)); },
      [](const base::Secret& secret) -> std::string { return secret.empty() ? "\"\"" : "\"********\""; });
}

void Section::read(std::string_view name, bool& field) {
  state_->read(name, field, parse_boolean, [](bool value) -> std::string { return value ? "true" : "false"; });
}

void Section::read(std::string_view name, std::filesystem::path& field) {
  state_->read(
      name, field,
      [](std::string_view text) -> base::Result<std::filesystem::path> { return std::filesystem::path(text); },
      [](const std::filesystem::path& path) { return yaml_quoted(path.string()); });
}

void Section::read(std::string_view name, std::vector<std::string>& field) {
  std::string origin = "default";
  if (const auto found = state_->find(name)) {
    std::vector<std::string> items;
    bool fits = true;
    if (found->node && found->node->is_sequence()) {
      for (const auto& item : found->node->items) {
        fits = fits && item.is_scalar() && item.kind != YamlNode::Kind::null;
        items.push_back(item.text);
      }
    } else if (found->node) {
      fits = false;
    } else {
      for (const auto piece : base::split(found->text, ',')) {
        if (!base::trim(piece).empty()) items.emplace_back(base::trim(piece));
      }
    }
    if (fits) {
      field = std::move(items);
      origin = found->origin;
    } else {
      state_->note(found->origin, name, "must be a sequence of texts, such as [a, b]");
    }
  }
  std::vector<std::string> texts;
  for (const auto& item : field) texts.push_back(yaml_quoted(item));
  state_->entries.push_back({std::string(name), fmt::format("[{}]", base::join(texts, ", ")), origin});
}

void Section::read(std::string_view name, std::int64_t& field, std::int64_t least, std::int64_t most) {
  state_->read(
      name, field, [=](std::string_view text) { return parse_integer<std::int64_t>(text, least, most); },
      [](std::int64_t value) { return fmt::to_string(value); });
}

void Section::read(std::string_view name, int& field, int least, int most) {
  state_->read(
      name, field, [=](std::string_view text) { return parse_integer<int>(text, least, most); },
      [](int value) { return fmt::to_string(value); });
}

void Section::read(std::string_view name, std::chrono::milliseconds& field, std::chrono::milliseconds least,
                   std::chrono::milliseconds most) {
  const auto parse = [=](std::string_view text) -> base::Result<std::chrono::milliseconds> {
    const auto value = TRY(parse_duration(text));
    if (value < least) return base::invalid(fmt::format("{} is too short: at least {}", text, print_duration(least)));
    if (value > most) return base::invalid(fmt::format("{} is too long: at most {}", text, print_duration(most)));
    return value;
  };
  state_->read(name, field, parse, print_duration);
}

void Section::read_bytes(std::string_view name, std::size_t& field, std::size_t least, std::size_t most) {
  const auto parse = [=](std::string_view text) -> base::Result<std::size_t> {
    const auto value = TRY(parse_bytes(text));
    if (value < least) return base::invalid(fmt::format("{} is too small: at least {}", text, print_bytes(least)));
    if (value > most) return base::invalid(fmt::format("{} is too large: at most {}", text, print_bytes(most)));
    return value;
  };
  state_->read(name, field, parse, print_bytes);
}

void Section::read_choice(std::string_view name, int& field, std::span<const std::string_view> choices) {
  const auto parse = [=](std::string_view text) -> base::Result<int> {
    const auto found = std::ranges::find(choices, text);
    if (found != choices.end()) return static_cast<int>(found - choices.begin());
    return base::invalid(fmt::format("\"{}\" is not one of {}", base::excerpt(text), fmt::join(choices, ", ")));
  };
  state_->read(name, field, parse, [=](int value) { return std::string(choices[static_cast<std::size_t>(value)]); });
}

namespace {
std::shared_ptr<SectionState> child(SectionState& parent, const std::string& name, const YamlNode* node) {
  const auto known = std::ranges::find(parent.children, name, &decltype(parent.children)::value_type::first);
  if (known != parent.children.end()) return known->second;
  auto state = std::make_shared<SectionState>();
  state->shared = parent.shared;
  state->path = parent.path_of(name);
  state->node = node;
  parent.children.emplace_back(name, state);
  return state;
}
}  // namespace

Section Section::section(std::string_view name) {
  const auto* node = state_->in_file(name);
  if (node && !node->is_mapping()) {
    state_->note(state_->place(node->mark), name, "must be a mapping of settings");
    node = nullptr;
  }
  return Section(child(*state_, std::string(name), node));
}

std::vector<Section> Section::sections(std::string_view name) {
  const auto* node = state_->in_file(name);
  if (!node) return {};
  if (!node->is_sequence()) {
    state_->note(state_->place(node->mark), name, "must be a sequence of mappings");
    return {};
  }
  auto list = child(*state_, std::string(name), nullptr);
  std::vector<Section> sections;
  for (const auto& item : node->items) {
    const auto index = std::to_string(sections.size());
    if (!item.is_mapping()) state_->note(state_->place(item.mark), name, "each element must be a mapping of settings");
    sections.push_back(Section(child(*list, index, item.is_mapping() ? &item : nullptr)));
  }
  return sections;
}

bool Section::has(std::string_view name) const {
  return state_->node && state_->node->find(name);
}

void Section::refuse(std::string_view name, std::string why) {
  const auto found = state_->find(name);
  state_->note(found ? found->origin : "settings", name, why);
}

Reader::Reader(Sources sources) : root_(std::make_shared<SectionState>()) {
  root_->shared = std::make_shared<ReaderState>();
  auto& shared = *root_->shared;
  shared.sources = std::move(sources);
  auto file = base::parse_yaml(shared.sources.file_text);
  if (!file) {
    shared.mistakes.push_back(fmt::format("{}: {}", shared.sources.file_name, file.error().message));
    return;
  }
  shared.file = std::move(*file);
  if (shared.file.is_mapping()) {
    root_->node = &shared.file;
  } else if (shared.file.kind != YamlNode::Kind::null) {
    shared.mistakes.push_back(fmt::format("{}: must be a mapping of settings", shared.sources.file_name));
  }
}

Reader::~Reader() = default;

Section Reader::root() {
  return Section(root_);
}

namespace {
std::string with_guess(std::string text, std::string_view name, const std::vector<std::string>& known) {
  const auto guess = nearest(name, known);
  return guess.empty() ? text : fmt::format("{}; did you mean {}?", text, guess);
}

void find_unknown_keys(const SectionState& section, std::vector<std::string>& mistakes) {
  for (std::size_t i = 0; section.node && i < section.node->members.size(); ++i) {
    const auto& member = section.node->members[i];
    if (std::ranges::find(section.known, member.key) != section.known.end()) continue;
    const auto text =
        fmt::format("{}: {}: there is no such setting", section.place(member.mark), section.path_of(member.key));
    mistakes.push_back(with_guess(text, member.key, section.known));
  }
  for (const auto& [name, state] : section.children) find_unknown_keys(*state, mistakes);
}

void print_section(const SectionState& section, std::size_t depth, std::string& out) {
  const std::string indent(depth * 2, ' ');
  for (const auto& entry : section.entries) {
    out += fmt::format("{}{}: {}  # {}\n", indent, entry.name, entry.value, entry.origin);
  }
  for (const auto& [name, state] : section.children) {
    const bool element = !name.empty() && name.front() >= '0' && name.front() <= '9';
    out += element ? fmt::format("{}-\n", indent) : fmt::format("{}{}:\n", indent, name);
    print_section(*state, depth + 1, out);
  }
}
}  // namespace

base::Result<void> Reader::finish() const {
  auto mistakes = root_->shared->mistakes;
  find_unknown_keys(*root_, mistakes);
  for (const auto& [path, value] : root_->shared->sources.overrides) {
    if (!root_->shared->overrides.contains(path)) {
      mistakes.push_back(fmt::format("the command line: {}: there is no such setting", path));
    }
  }
  if (mistakes.empty()) return {};
  return base::invalid(base::join(mistakes, "\n"));
}

std::vector<std::string> Reader::unknown_variables(std::span<const std::string> known) const {
  std::vector<std::string> unknown;
  const auto& shared = *root_->shared;
  const std::vector<std::string> names(shared.variables.begin(), shared.variables.end());
  for (const auto& [name, value] : shared.sources.environment) {
    if (shared.variables.contains(name) || std::ranges::find(known, name) != known.end()) continue;
    unknown.push_back(with_guess(fmt::format("{} is no setting", name), name, names));
  }
  return unknown;
}

std::string Reader::print() const {
  std::string out;
  print_section(*root_, 0, out);
  return out;
}

}  // namespace slipway::config
