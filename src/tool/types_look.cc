// `slipway types schema`, `show` and `diff`.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "base/text.h"
#include "broker/type_files.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text_file.h"
#include "cli/types.h"
#include "server/settings.h"
#include "tool/types.h"

namespace slipway::tool {

namespace fs = std::filesystem;

namespace {

struct Options {
  cli::Settings settings;
  std::string name;
  std::string other;
  int version = 0;
};

// A bare word is a type of the broker, whatever lies in the present folder.
bool is_path(const std::string& text) {
  return text.find('/') != std::string::npos || text == "." || text == "..";
}

base::Result<cli::ExitCode> schema(const cli::Context& context) {
  std::error_code failed;
  const auto types = server::default_types_dir(fs::read_symlink("/proc/self/exe", failed));
  context.out << TRY(cli::read_text_file(types / "type.schema.json"));
  return cli::ExitCode::ok;
}

base::Result<cli::ExitCode> show(const cli::Context& context, const Options& options) {
  if (!is_path(options.name)) {
    auto type = cli::show_type(context, options.settings, options.name, options.version);
    std::error_code ignored;
    if (!type && type.error().kind == base::ErrorKind::not_found && fs::is_directory(options.name, ignored)) {
      type.error().evidence.push_back(fmt::format("For the folder of that name, write ./{}.", options.name));
    }
    context.show(TRY(std::move(type)), options.settings);
    return cli::ExitCode::ok;
  }
  if (options.version != 0) {
    return cli::wrong_line(
        fmt::format("--version is for types of the broker, and {} is a folder; leave out one of them.", options.name));
  }
  const auto files = TRY(folder_files(options.name));
  cli::Table table({"FILE", "BYTES"});
  cli::View view;
  boost::json::array list;
  for (const auto& [path, bytes] : files.files) {
    table.add({path, std::to_string(bytes.size())});
    list.push_back({{"path", path}, {"bytes", bytes.size()}});
    view.names.push_back(path);
  }
  view.table = fmt::format("{}  {}\n\n{}", files.name, files.sha256(), table.text());
  view.data = boost::json::object{{"name", files.name}, {"sha256", files.sha256()}, {"files", std::move(list)}};
  context.show(view, options.settings);
  return cli::ExitCode::ok;
}

using Lines = std::vector<std::string_view>;

// Lines of two texts, those of the longest common subsequence once: "  same", "- old", "+ new".
std::string line_diff(const std::string& before, const std::string& after) {
  const Lines a = base::split(before, '\n'), b = base::split(after, '\n');
  std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (auto i = a.size(); i-- > 0;) {
    for (auto j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string text;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      text += fmt::format("{:>5} - {}\n", i + 1, a[i]), ++i;
    } else {
      text += fmt::format("{:>5} + {}\n", j + 1, b[j]), ++j;
    }
  }
  return text;
}

base::Result<cli::ExitCode> diff(const cli::Context& context, const Options& options) {
  constexpr std::size_t kMostLines = 5000;  // the table of lines is their product
  const auto before = TRY(folder_files(options.name));
  const auto after = TRY(folder_files(options.other));
  std::set<std::string> paths;
  for (const auto* side : {&before, &after}) {
    for (const auto& [path, bytes] : side->files) paths.insert(path);
  }
  cli::View view;
  boost::json::array changed;
  for (const auto& path : paths) {
    const auto* a = before.find(path);
    const auto* b = after.find(path);
    if (a != nullptr && b != nullptr && *a == *b) continue;
    const std::string_view how = a == nullptr ? "added" : b == nullptr ? "removed" : "changed";
    view.table += fmt::format("{} {}\n", how, path);
    const bool text = a != nullptr && b != nullptr && base::is_utf8(*a) && base::is_utf8(*b) &&
                      std::ranges::count(*a, '\n') < std::ptrdiff_t{kMostLines} &&
                      std::ranges::count(*b, '\n') < std::ptrdiff_t{kMostLines};
    if (text) view.table += line_diff(*a, *b);
    view.names.push_back(path);
    changed.push_back({{"path", path}, {"change", how}});
  }
  if (changed.empty()) view.table = "The two are the same.\n";
  view.data = boost::json::object{{"changes", std::move(changed)}};
  context.show(view, options.settings);
  return cli::ExitCode::ok;
}

}  // namespace

base::Result<broker::TypeFiles> folder_files(const std::string& folder) {
  std::error_code failed;
  const auto path = fs::canonical(folder, failed);
  if (failed) return base::not_found(fmt::format("{}: {}", folder, failed.message()));
  return broker::read_type_folder(path);
}

void add_types_schema(cli::Command& group, const cli::Context& context) {
  auto command = group.add("schema", "Print the JSON Schema of type.yaml, for editors");
  command.run([&context] { return schema(context); });
}

void add_types_show(cli::Command& group, const cli::Context& context) {
  auto command = group.add("show", "Show a type of the broker, or what a folder holds");
  auto options = std::make_shared<Options>();
  command.argument("NAME", options->name, "The type; or a folder, written as a path: ./NAME",
                   {.completes = cli::Completes::folders});
  command.option("--version", options->version, 1, 1'000'000'000, "One of its versions",
                 {.placeholder = "N", .variable = "-"});
  cli::add_settings(command, options->settings);
  command.run([&context, options] { return show(context, *options); });
}

void add_types_diff(cli::Command& group, const cli::Context& context) {
  auto command = group.add("diff", "Tell two folders of a type apart, file by file and line by line");
  auto options = std::make_shared<Options>();
  command.argument("A", options->name, "A folder", {.completes = cli::Completes::folders});
  command.argument("B", options->other, "Another one", {.completes = cli::Completes::folders});
  cli::add_local_settings(command, options->settings);
  command.run([&context, options] { return diff(context, *options); });
}

}  // namespace slipway::tool
