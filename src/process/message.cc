#include "process/message.h"

#include <boost/json.hpp>

#include "process/json.h"

namespace slipway::process {

namespace json = boost::json;

namespace {

json::object spec_to_object(const Spec& spec) {
  json::object environment;
  for (const auto& [name, value] : spec.environment) environment[name] = value;
  return {{"command", json::array(spec.command.begin(), spec.command.end())},
          {"environment", std::move(environment)},
          {"directory", spec.directory.native()},
          {"log", spec.log.native()},
          {"stop_grace_ms", spec.stop_grace.count()}};
}

Spec spec_of(const json::object& object) {
  Spec spec;
  for (const auto& word : object.at("command").as_array()) spec.command.emplace_back(word.as_string());
  for (const auto& [name, value] : object.at("environment").as_object()) {
    spec.environment.emplace(name, value.as_string());
  }
  spec.directory = text_of(object, "directory");
  spec.log = text_of(object, "log");
  spec.stop_grace = std::chrono::milliseconds(object.at("stop_grace_ms").to_number<std::int64_t>());
  return spec;
}

json::object sandbox_to_object(const Sandbox& sandbox) {
  json::array hidden;
  for (const auto& folder : sandbox.hidden) hidden.emplace_back(folder.native());
  return {{"input", sandbox.input},
          {"hidden", std::move(hidden)},
          {"memory_bytes", sandbox.memory_bytes},
          {"files_bytes", sandbox.files_bytes},
          {"processes", sandbox.processes},
          {"descriptors", sandbox.descriptors},
          {"cpu_s", sandbox.cpu.count()}};
}

// What the supervisor needs of it; the rest is the reader's.
Sandbox sandbox_of(const json::object& object) {
  Sandbox sandbox;
  sandbox.input = text_of(object, "input");
  for (const auto& folder : object.at("hidden").as_array()) sandbox.hidden.emplace_back(folder.as_string().c_str());
  sandbox.memory_bytes = object.at("memory_bytes").to_number<std::size_t>();
  sandbox.files_bytes = object.at("files_bytes").to_number<std::size_t>();
  sandbox.processes = object.at("processes").to_number<int>();
  sandbox.descriptors = object.at("descriptors").to_number<int>();
  sandbox.cpu = std::chrono::seconds(object.at("cpu_s").to_number<std::int64_t>());
  return sandbox;
}

json::object account_to_object(const Account& account) {
  return {{"name", account.name}, {"uid", account.uid}, {"gid", account.gid}, {"home", account.home}};
}

Account account_of(const json::object& object) {
  return {.name = text_of(object, "name"),
          .uid = object.at("uid").to_number<uid_t>(),
          .gid = object.at("gid").to_number<gid_t>(),
          .home = text_of(object, "home")};
}

base::Error error_of(const json::object& object) {
  base::Error error = base::internal(text_of(object, "message"));
  const auto kind = text_of(object, "kind");
  for (int i = 0; i <= static_cast<int>(base::ErrorKind::internal); ++i) {
    if (to_string(static_cast<base::ErrorKind>(i)) == kind) error.kind = static_cast<base::ErrorKind>(i);
  }
  error.code = text_of(object, "code");
  return error;
}

}  // namespace

std::string to_json(const Spec& spec) {
  return json::serialize(spec_to_object(spec));
}

base::Result<Spec> parse_spec(std::string_view text) {
  return parse_object<Spec>("spec.json", text, spec_of);
}

std::string to_json(const Request& request) {
  json::object object{{"mode", static_cast<int>(request.mode)},
                      {"folder", request.folder.native()},
                      {"spec", spec_to_object(request.spec)}};
  if (request.account) object["account"] = account_to_object(*request.account);
  if (request.sandbox) object["sandbox"] = sandbox_to_object(*request.sandbox);
  if (request.program) object["program"] = identity_to_object(*request.program);
  return json::serialize(object);
}

base::Result<Request> parse_request(std::string_view text) {
  return parse_object<Request>("the broker's request", text, [](const json::object& object) {
    Request request{.mode = static_cast<Request::Mode>(object.at("mode").to_number<int>()),
                    .folder = text_of(object, "folder"),
                    .spec = spec_of(object.at("spec").as_object())};
    if (const auto* account = object.if_contains("account")) request.account = account_of(account->as_object());
    if (const auto* sandbox = object.if_contains("sandbox")) request.sandbox = sandbox_of(sandbox->as_object());
    if (const auto* program = object.if_contains("program")) request.program = identity_from(program->as_object());
    return request;
  });
}

std::string to_json(const Report& report) {
  json::object object{
      {"what", static_cast<int>(report.what)}, {"exit_code", report.exit_code}, {"count", report.count}};
  if (report.error) {
    object["error"] = json::object{
        {"kind", to_string(report.error->kind)}, {"message", report.error->message}, {"code", report.error->code}};
  }
  return json::serialize(object);
}

base::Result<Report> parse_report(std::string_view text) {
  return parse_object<Report>("the supervisor's report", text, [](const json::object& object) {
    Report report{.what = static_cast<Report::What>(object.at("what").to_number<int>()),
                  .exit_code = object.at("exit_code").to_number<int>(),
                  .count = object.at("count").to_number<int>()};
    if (const auto* error = object.if_contains("error")) report.error = error_of(error->as_object());
    return report;
  });
}

}  // namespace slipway::process
