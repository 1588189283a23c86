#include "workflow/reference.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

base::Error refused(std::string code, std::string message) {
  auto error = base::invalid(std::move(message));
  error.code = std::move(code);
  return error;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

base::Result<Reference> prefixed(std::string_view prefix, std::string_view name) {
  if (prefix == "ssm" && !name.empty()) return Reference{Reference::Kind::ssm, std::string(name), {}};
  if (!is_name(name))
    return refused("E-REF", fmt::format("'{}' is not a reference", base::excerpt(fmt::format("{}:{}", prefix, name))));
  if (prefix == "variable") return Reference{Reference::Kind::variable, std::string(name), {}};
  if (prefix == "global") {
    constexpr std::string_view kGlobals[] = {"DATE", "DATE_TIME", "REGION", "ACCOUNT_ID", "AWS_PARTITION"};
    if (std::ranges::find(kGlobals, name) != std::end(kGlobals)) {
      return Reference{Reference::Kind::global, std::string(name), {}};
    }
    return refused("E-REF", fmt::format("'global:{}' is unknown; there are DATE, DATE_TIME, REGION, ACCOUNT_ID and "
                                        "AWS_PARTITION",
                                        base::excerpt(name)));
  }
  if (prefix == "automation") {
    if (name == "EXECUTION_ID") return Reference{Reference::Kind::automation, std::string(name), {}};
    return refused("E-REF", fmt::format("'automation:{}' is unknown; there is EXECUTION_ID", base::excerpt(name)));
  }
  return refused("E-REF", fmt::format("'{}:' is unknown; there are global:, automation:, variable: and ssm:",
                                      base::excerpt(prefix)));
}

json::value global_value(std::string_view name, const Scope& scope) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(scope.now);
  if (name == "DATE") return json::value(fmt::format("{:%Y-%m-%d}", seconds));
  if (name == "DATE_TIME") return json::value(fmt::format("{:%Y-%m-%d_%H.%M.%S}", seconds));
  if (name == "REGION") return json::value(scope.identity.region);
  if (name == "ACCOUNT_ID") return json::value(scope.identity.account_id);
  return json::value(scope.identity.partition);
}

std::optional<json::value> member(const json::object* object, std::string_view name) {
  if (object == nullptr) return std::nullopt;
  const auto* found = object->if_contains(name);
  if (found == nullptr || found->is_null()) return std::nullopt;
  return *found;
}

base::Result<json::value> resolve_text(const json::string& written, const Scope& scope, const std::string& path) {
  if (written.find("{{") == json::string::npos) return json::value(written);
  const auto pieces = TRY(split_references(written));
  std::string text;
  for (const auto& piece : pieces) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
      continue;
    }
    const auto& reference = std::get<Reference>(piece);
    auto value = look_up(reference, scope);
    if (!value) {
      return refused("UnsetReference",
                     fmt::format("{} in {} has no value", reference.text(), path.empty() ? "/" : path));
    }
    if (pieces.size() == 1) return std::move(*value);
    text += to_text(*value);
  }
  return json::value(text);
}

}  // namespace

std::string Reference::text() const {
  switch (kind) {
    case Kind::parameter:
      return fmt::format("{{{{ {} }}}}", name);
    case Kind::variable:
      return fmt::format("{{{{ variable:{} }}}}", name);
    case Kind::output:
      return fmt::format("{{{{ {}.{} }}}}", name, output);
    case Kind::global:
      return fmt::format("{{{{ global:{} }}}}", name);
    case Kind::automation:
      return fmt::format("{{{{ automation:{} }}}}", name);
    case Kind::ssm:
      return fmt::format("{{{{ ssm:{} }}}}", name);
  }
}

base::Result<Reference> parse_reference(std::string_view inside) {
  const auto text = base::trim(inside);
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    return prefixed(text.substr(0, colon), text.substr(colon + 1));
  }
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    const auto step = text.substr(0, dot);
    const auto output = text.substr(dot + 1);
    if (!is_name(step) || !is_name(output)) {
      return refused("E-REF", fmt::format("'{}' is not a reference; write {{{{ Step.Output }}}}", base::excerpt(text)));
    }
    return Reference{Reference::Kind::output, std::string(step), std::string(output)};
  }
  if (!is_name(text))
    return refused("E-REF", fmt::format("'{}' is not a reference; write {{{{ Name }}}}", base::excerpt(text)));
  if (text == "RESOURCE_ID" || text == "TARGET_ID") {
    return refused("E-PSEUDO", fmt::format("'{}' belongs to rate-controlled runs, which there are not here", text));
  }
  return Reference{Reference::Kind::parameter, std::string(text), {}};
}

base::Result<std::vector<Piece>> split_references(std::string_view text) {
  std::vector<Piece> pieces;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open == std::string_view::npos) {
      pieces.emplace_back(std::string(text));
      break;
    }
    if (open > 0) pieces.emplace_back(std::string(text.substr(0, open)));
    text.remove_prefix(open + 2);
    const auto close = text.find("}}");
    if (close == std::string_view::npos) return refused("E-NEST", "'{{' without '}}'");
    const auto inside = text.substr(0, close);
    if (inside.find("{{") != std::string_view::npos) return refused("E-NEST", "'{{' inside '{{ }}'");
    pieces.emplace_back(TRY(parse_reference(inside)));
    text.remove_prefix(close + 2);
  }
  return pieces;
}

std::optional<json::value> look_up(const Reference& reference, const Scope& scope) {
  switch (reference.kind) {
    case Reference::Kind::parameter:
      return member(scope.parameters, reference.name);
    case Reference::Kind::output: {
      if (scope.outputs == nullptr) return std::nullopt;
      const auto* step = scope.outputs->if_contains(reference.name);
      return step == nullptr || !step->is_object() ? std::nullopt : member(&step->get_object(), reference.output);
    }
    case Reference::Kind::global:
      return global_value(reference.name, scope);
    case Reference::Kind::automation:
      return json::value(scope.identity.execution_id.str());
    case Reference::Kind::variable:
      return member(scope.variables, reference.name);
    case Reference::Kind::ssm:
      return std::nullopt;
  }
}

base::Result<json::value> resolve_scalars(const json::value& written, const std::string& path, std::string_view member,
                                          const ResolveScalar& scalar) {
  if (written.is_array()) {
    json::array resolved;
    for (const auto& item : written.get_array()) {
      auto value = TRY(resolve_scalars(item, fmt::format("{}/{}", path, resolved.size()), {}, scalar));
      if (item.is_string() && value.is_array()) {  // one reference, to a list: spliced
        for (auto& inner : value.get_array()) resolved.push_back(std::move(inner));
      } else {
        resolved.push_back(std::move(value));
      }
    }
    return json::value(std::move(resolved));
  }
  if (written.is_object()) {
    json::object resolved;
    for (const auto& [key, item] : written.get_object()) {
      const std::string_view name = key;
      resolved[key] = TRY(resolve_scalars(item, fmt::format("{}/{}", path, name), name, scalar));
    }
    return json::value(std::move(resolved));
  }
  return scalar(written, path, member);
}

base::Result<json::value> resolve(const json::value& written, const Scope& scope, std::string path) {
  return resolve_scalars(written, path, {}, [&](const json::value& scalar, const std::string& place, std::string_view) {
    return scalar.is_string() ? resolve_text(scalar.get_string(), scope, place) : base::Result<json::value>(scalar);
  });
}

std::string to_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  // Boost.JSON writes 0.5 as 5E-1.
  return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

}  // namespace slipway::workflow
