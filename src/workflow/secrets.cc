#include "workflow/secrets.h"

#include <algorithm>
#include <boost/json/array.hpp>

namespace slipway::workflow {

namespace json = boost::json;

namespace {

void add(std::string text, Secrets& secrets) {
  if (text.empty() || std::ranges::find(secrets, text) != secrets.end()) return;
  const auto place = std::ranges::upper_bound(secrets, text.size(), std::ranges::greater(), &std::string::size);
  secrets.insert(place, std::move(text));
}

bool is_looked_for(const std::string& secret) {
  return secret.size() >= kShortestHiddenBytes;
}

bool is_a_secret(const std::string& number, const Secrets& secrets) {
  return is_looked_for(number) && std::ranges::find(secrets, number) != secrets.end();
}

}  // namespace

void add_secrets(const json::value& value, Secrets& secrets) {
  if (value.is_object()) {
    for (const auto& [key, item] : value.get_object()) add_secrets(item, secrets);
  } else if (value.is_array()) {
    for (const auto& item : value.get_array()) add_secrets(item, secrets);
  } else if (!value.is_null()) {
    add(to_text(value), secrets);
  }
}

void add_secrets(const Secrets& more, Secrets& secrets) {
  for (const auto& text : more) add(text, secrets);
}

void add_secrets(const std::vector<Parameter>& declared, const json::object& values, Secrets& secrets) {
  for (const auto& parameter : declared) {
    const auto* value = parameter.sensitive ? values.if_contains(parameter.name) : nullptr;
    if (value != nullptr) add_secrets(*value, secrets);
  }
}

bool shows(const json::value& value, const Secrets& secrets) {
  if (value.is_object()) {
    return std::ranges::any_of(value.get_object(), [&](const auto& item) { return shows(item.value(), secrets); });
  }
  if (value.is_array()) {
    return std::ranges::any_of(value.get_array(), [&](const auto& item) { return shows(item, secrets); });
  }
  if (value.is_number()) return is_a_secret(to_text(value), secrets);
  if (!value.is_string()) return false;
  const std::string_view text = value.get_string();
  return std::ranges::any_of(secrets, [&](const auto& secret) {
    return is_looked_for(secret) && text.find(secret) != std::string_view::npos;
  });
}

std::string hide(std::string text, const Secrets& secrets) {
  for (const auto& secret : secrets) {
    if (!is_looked_for(secret)) continue;
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + kHidden.size())) {
      text.replace(at, secret.size(), kHidden);
    }
  }
  return text;
}

json::value hide(json::value value, const Secrets& secrets) {
  if (secrets.empty()) return value;
  if (value.is_object()) {
    for (auto& [key, item] : value.get_object()) item = hide(std::move(item), secrets);
  } else if (value.is_array()) {
    for (auto& item : value.get_array()) item = hide(std::move(item), secrets);
  } else if (value.is_string()) {
    value = hide(std::string(value.get_string()), secrets);
  } else if (value.is_number()) {
    if (is_a_secret(to_text(value), secrets)) value = kHidden;
  }
  return value;
}

base::Error hide(base::Error error, const Secrets& secrets) {
  error.message = hide(std::move(error.message), secrets);
  for (auto& line : error.evidence) line = hide(std::move(line), secrets);
  return error;
}

}  // namespace slipway::workflow
