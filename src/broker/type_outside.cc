// How an environment of the type is reached, and how results and events from outside name it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "broker/type_reading.h"

namespace slipway::broker {

using workflow::Fields;
using workflow::Problems;

namespace {

void read_connection(Fields& root, TypeReading& reading) {
  const auto* node = root.find("connection");
  if (node == nullptr) return;
  Fields fields(*node, "/connection", "connection", reading.problems);
  Connection connection;
  each_member(fields, "keys", "key", reading.problems, [&](const auto& member, Fields& key) {
    connection.keys.push_back({.name = member.key,
                               .title = key.text("title").value_or(""),
                               .secret = key.boolean("secret", false),
                               .proxied = key.boolean("proxied", false)});
  });
  connection.instruction = fields.text("instruction").value_or("");
  fields.refuse_rest();
  reading.type.connection = std::move(connection);
}

void read_endpoint(Fields& root, TypeReading& reading) {
  const auto* node = root.find("endpoint");
  if (node == nullptr) return;
  Fields fields(*node, "/endpoint", "endpoint", reading.problems);
  EndpointRule endpoint;
  endpoint.secret = fields.text("secret").value_or("");
  endpoint.authorization = fields.text("authorization").value_or(endpoint.authorization);
  endpoint.prefix = fields.boolean("prefix", false);
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  if (endpoint.authorization.empty() || !std::ranges::all_of(endpoint.authorization, is_plain)) {
    fields.problem("E-TYPE", "authorization", "authorization is one word, such as Bearer");
  }
  fields.refuse_rest();
  reading.type.endpoint = std::move(endpoint);
}

void read_alternates(Fields& source, Problems& problems, StatusSource& read) {
  const auto* node = source.find("alternates");
  if (node == nullptr) return;
  Fields alternates(*node, source.pointer("alternates"), "alternates", problems);
  for (const auto& member : node->members) {
    const auto word = alternates.text(member.key).value_or("");
    const auto words = status_words();
    if (std::ranges::find(words, word) == words.end()) {
      alternates.problem("E-STATUS", member.key,
                         fmt::format("'{}' is no status{}; there are {}", base::excerpt(word),
                                     workflow::suggestion(word, words), fmt::join(words, ", ")));
    }
    if (!read.alternates.emplace(base::lower(member.key), word).second) {
      alternates.problem(
          "E-STATUS", member.key,
          fmt::format("{} stands there twice: letter case makes no difference", base::excerpt(member.key)));
    }
  }
}

void read_source(Fields& source, Problems& problems, StatusSource& read) {
  read.status = source.text("status").value_or("");
  if (read.status.empty()) {
    source.problem("E-STATUS", "status", "a source needs status: the place in `detail` where the status stands");
  }
  read.instance = source.text("instance").value_or("");
  read_alternates(source, problems, read);
}

// In type.yaml itself, or in a file that it names; several types may share one.
void read_status(Fields& root, TypeReading& reading) {
  const auto* node = root.find("status");
  if (node == nullptr) return;
  const auto read_all = [&](Fields& fields, std::string_view key, Problems& problems) {
    each_member(fields, key, "source", problems, [&](const auto& member, Fields& source) {
      read_source(source, problems, reading.type.status[member.key]);
    });
  };
  if (!node->is_scalar()) return read_all(root, "status", reading.problems);
  const auto* text = reading.file(root, "status");
  if (text == nullptr) return;
  Problems problems(fmt::format("{}/{}", reading.type.name, node->text));
  if (const auto mapping = parse_mapping(*text, problems)) {
    base::YamlNode whole;
    whole.kind = base::YamlNode::Kind::mapping;
    whole.mark = mapping->mark;
    whole.members.push_back({.key = "status", .mark = mapping->mark, .value = *mapping});
    Fields fields(whole, "", "the file", problems);
    read_all(fields, "status", problems);
  }
  for (auto& problem : problems.take()) reading.others.push_back(std::move(problem));
}

void read_instance(Fields& root, TypeReading& reading) {
  const auto* node = root.find("instance");
  if (node == nullptr) return;
  Fields fields(*node, "/instance", "instance", reading.problems);
  reading.type.instance = {.id = fields.text("id").value_or(""),
                           .arn = fields.text("arn").value_or(""),
                           .role = fields.text("role").value_or("")};
  fields.refuse_rest();
}

}  // namespace

void read_outside(Fields& root, TypeReading& reading) {
  read_connection(root, reading);
  read_endpoint(root, reading);
  read_status(root, reading);
  read_instance(root, reading);
}

}  // namespace slipway::broker
