#include "provider/local/programs/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "broker/resources.h"
#include "provider/local/action.h"
#include "provider/local/as_account.h"
#include "provider/local/environments_folder.h"
#include "provider/local/programs/program.h"
#include "provider/local/programs/programs.h"
#include "provider/local/regular_file.h"
#include "workflow/reference.h"

namespace slipway::provider::local::programs {

namespace json = boost::json;
using base::Result;
using workflow::StepContext;

namespace {

constexpr std::size_t kRequirementsLimitBytes = 1 << 20;

struct Services {
  const Machine& machine;
  Programs& programs;
  VirtualEnvironments& virtual_environments;

  Place place(const StepContext& context) const { return {machine, context.environment_id}; }
};

base::Error bad_input(std::string_view name, std::string_view wanted) {
  auto error = base::invalid(fmt::format("the input {} must be {}", name, wanted), std::string(name));
  error.code = "BadInput";
  return error;
}

std::string text(const json::object& inputs, std::string_view name, std::string_view otherwise = {}) {
  const auto* value = inputs.if_contains(name);
  return value == nullptr ? std::string(otherwise) : workflow::to_text(*value);
}

// Also of a text: what stands in a document is often one.
Result<std::int64_t> number(const json::object& inputs, std::string_view name, std::int64_t otherwise,
                            std::int64_t least, std::int64_t most, int base = 10) {
  if (!inputs.contains(name)) return otherwise;
  const auto written = text(inputs, name);
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(written.data(), written.data() + written.size(), value, base);
  if (wrong == std::errc() && end == written.data() + written.size() && value >= least && value <= most) return value;
  if (base == 8) return bad_input(name, "an octal number of permissions, such as 640");
  return bad_input(name, fmt::format("a number from {} to {}", least, most));
}

Result<std::vector<std::string>> words(const json::object& inputs, std::string_view name) {
  std::vector<std::string> all;
  const auto* value = inputs.if_contains(name);
  if (value == nullptr) return all;
  if (!value->is_array()) return bad_input(name, "a list of texts");
  for (const auto& word : value->get_array()) all.push_back(workflow::to_text(word));
  return all;
}

// What an environment has of this machine, beside its ports.
std::vector<broker::Resource> resources_of(const Place& place) {
  return {{std::string(broker::kFolder), place.folder().native()},
          {std::string(broker::kProcess), place.processes().native()}};
}

// On record before anything of it is made, by whichever action comes first.
net::Task<void> claim(Services services, StepContext context) {
  co_return co_await services.machine.resources.record(context.environment_id, "local", context.token,
                                                       resources_of(services.place(context)));
}

net::Task<json::object> make_folder(Services services, StepContext context, json::object inputs) {
  const auto place = services.place(context);
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await net::run_blocking<void>(services.machine.runtime,
                                          [&] { return place.make_folder(text(inputs, "Path", ".")); }));
  CO_TRY(co_await services.machine.resources.present(context.environment_id, resources_of(place)));
  co_return json::object{{"Folder", place.folder().native()}, {"EnvironmentId", context.environment_id.str()}};
}

net::Task<json::object> write_file(Services services, StepContext context, json::object inputs) {
  const auto place = services.place(context);
  const auto mode = static_cast<mode_t>(CO_TRY(number(inputs, "Mode", 0600, 0, 0777, 8)));
  const auto path = text(inputs, "Path");
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await net::run_blocking<void>(services.machine.runtime,
                                          [&] { return place.write_file(path, text(inputs, "Content"), mode); }));
  co_return json::object{{"File", CO_TRY(place.inside(path)).native()}};
}

net::Task<json::object> new_secret(Services services, StepContext context, json::object inputs) {
  const auto place = services.place(context);
  CO_TRY(co_await claim(services, context));
  const auto file = CO_TRY(co_await net::run_blocking<fs::path>(
      services.machine.runtime, [&] { return place.new_secret(text(inputs, "Name")); }));
  co_return json::object{{"File", file.native()}};
}

// What an execution puts out is stored; what a connection puts out goes to the client alone, and belongs to no
// execution.
Result<void> require_connection(const StepContext& context) {
  if (context.execution_id.str().empty()) return {};
  auto error = base::invalid("this action is for connect documents: what others put out is stored");
  error.code = "OnlyToConnect";
  return error;
}

net::Task<json::object> read_secret(Services services, StepContext context, json::object inputs) {
  CO_TRY(require_connection(context));
  const auto secret = CO_TRY(services.place(context).read_secret(text(inputs, "Name")));
  co_return json::object{{"Value", secret.reveal()}};
}

net::Task<json::object> reserve_port(Services services, StepContext context, json::object inputs) {
  const auto count = CO_TRY(number(inputs, "Count", 1, 1, 100));
  const auto ports =
      CO_TRY(co_await services.machine.ports.reserve(context.environment_id, static_cast<std::size_t>(count)));
  co_return json::object{{"Port", ports.front()}, {"Ports", json::array(ports.begin(), ports.end())}};
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
    encoded += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

net::Task<json::object> connection_url(Services services, StepContext context, json::object inputs) {
  CO_TRY(require_connection(context));
  const auto port = CO_TRY(first_port(services.machine, context.environment_id));
  auto url = fmt::format("http://127.0.0.1:{}{}", port, text(inputs, "Path", "/"));
  char separator = '?';
  if (const auto* query = inputs.if_contains("Query")) {
    if (!query->is_object()) co_return bad_input("Query", "a map of texts");
    for (const auto& [name, value] : query->get_object()) {
      url += fmt::format("{}{}={}", separator, percent_encoded(name), percent_encoded(workflow::to_text(value)));
      separator = '&';
    }
  }
  co_return json::object{{"Url", url}};
}

net::Task<json::object> make_virtual_environment(Services services, StepContext context, json::object inputs) {
  const auto& machine = services.machine;
  const auto path = CO_TRY(services.place(context).inside(text(inputs, "Requirements")));
  auto requirements = CO_TRY(co_await net::run_blocking<std::string>(machine.runtime, [&machine, path] {
    const AsAccount as(machine.account);
    return read_head(path, kRequirementsLimitBytes);
  }));
  CO_TRY(co_await net::run_blocking<void>(machine.runtime, [&machine] {
    return claim_environments_folder(machine.settings, machine.installation, machine.account);
  }));
  const auto python = CO_TRY(
      co_await services.virtual_environments.make(context.environment_id, std::move(requirements), patience(context),
                                                  [&context](std::string line) { tell(context, std::move(line)); }));
  co_return json::object{{"Python", python}};
}

net::Task<json::object> start_process(Services services, StepContext context, json::object inputs) {
  ProgramRequest request{.name = text(inputs, "Name", "main"),
                         .program = text(inputs, "Program"),
                         .arguments = CO_TRY(words(inputs, "Arguments")),
                         .folder = text(inputs, "Folder")};
  request.memory_mib = CO_TRY(number(inputs, "MemoryMiB", 0, 0, 1 << 24));
  request.cpu_seconds = CO_TRY(number(inputs, "CpuSeconds", 0, 0, 1 << 30));
  if (const auto* given = inputs.if_contains("Environment")) {
    if (!given->is_object()) co_return bad_input("Environment", "a map of texts");
    for (const auto& [name, value] : given->get_object()) request.environment[name] = workflow::to_text(value);
  }
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await start(services.machine, services.place(context), std::move(request)));
  co_return json::object{};
}

net::Task<json::object> wait_for_port(Services services, StepContext context, json::object inputs) {
  const auto port = static_cast<std::uint16_t>(CO_TRY(number(inputs, "Port", 0, 1, 65535)));
  CO_TRY(co_await wait_for_answer(services.machine, services.place(context), text(inputs, "Name", "main"), port, {}, 0,
                                  patience(context)));
  co_return json::object{};
}

net::Task<json::object> wait_for_http(Services services, StepContext context, json::object inputs) {
  const auto port = static_cast<std::uint16_t>(CO_TRY(number(inputs, "Port", 0, 1, 65535)));
  const auto status = static_cast<int>(CO_TRY(number(inputs, "Status", 200, 100, 599)));
  const auto path = text(inputs, "Path", "/");
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (!path.starts_with('/') || !std::ranges::all_of(path, plain)) co_return bad_input("Path", "a path such as /ready");
  CO_TRY(co_await wait_for_answer(services.machine, services.place(context), text(inputs, "Name", "main"), port, path,
                                  status, patience(context)));
  co_return json::object{};
}

net::Task<json::object> stop_process(Services services, StepContext context, json::object inputs) {
  // Nobody starts again what is being ended.
  co_await services.programs.release(context.environment_id);
  const auto place = services.place(context);
  if (inputs.contains("Name")) {
    CO_TRY(co_await stop(services.machine, place, text(inputs, "Name")));
  } else {
    CO_TRY(co_await stop(services.machine, place));
  }
  co_return json::object{};
}

net::Task<json::object> remove_folder(Services services, StepContext context, json::object) {
  const auto place = services.place(context);
  co_await services.programs.release(context.environment_id);
  CO_TRY(co_await stop(services.machine, place));
  CO_TRY(co_await net::run_blocking<void>(services.machine.runtime, [place] { return place.remove(); }));
  CO_TRY(co_await services.machine.resources.gone(context.environment_id, resources_of(place)));
  CO_TRY(co_await services.machine.ports.release(context.environment_id));
  co_return json::object{{"Removed", true}};
}

}  // namespace

void add_actions(workflow::ActionRegistry& registry, const Machine& machine, Programs& programs,
                 VirtualEnvironments& virtual_environments) {
  using workflow::EffectClass;
  const Services services{.machine = machine, .programs = programs, .virtual_environments = virtual_environments};
  const auto add = [&](std::string name, EffectClass effect, auto run, workflow::Action::Inputs inputs = {},
                       std::vector<std::string_view> outputs = {}) {
    add_action(registry, std::move(name), effect, std::bind_front(run, services), std::move(inputs),
               std::move(outputs));
  };
  add("local:makeFolder", EffectClass::natural, make_folder, {.required = {}, .optional = {"Path"}},
      {"Folder", "EnvironmentId"});
  add("local:writeFile", EffectClass::natural, write_file, {.required = {"Path", "Content"}, .optional = {"Mode"}},
      {"File"});
  add("local:newSecret", EffectClass::name, new_secret, {.required = {"Name"}, .optional = {}}, {"File"});
  add("local:readSecret", EffectClass::read, read_secret, {.required = {"Name"}, .optional = {}}, {"Value"});
  add("local:reservePort", EffectClass::name, reserve_port, {.required = {}, .optional = {"Count"}}, {"Port", "Ports"});
  add("local:connectionUrl", EffectClass::read, connection_url, {.required = {}, .optional = {"Path", "Query"}},
      {"Url"});
  add("local:makeVirtualEnvironment", EffectClass::name, make_virtual_environment,
      {.required = {"Requirements"}, .optional = {}}, {"Python"});
  add("local:startProcess", EffectClass::name, start_process,
      {.required = {"Program"}, .optional = {"Name", "Arguments", "Environment", "Folder", "MemoryMiB", "CpuSeconds"}});
  add("local:waitForPort", EffectClass::read, wait_for_port, {.required = {"Port"}, .optional = {"Name"}});
  add("local:waitForHttp", EffectClass::read, wait_for_http,
      {.required = {"Port"}, .optional = {"Path", "Status", "Name"}});
  add("local:stopProcess", EffectClass::natural, stop_process, {.required = {}, .optional = {"Name"}});
  add("local:removeFolder", EffectClass::natural, remove_folder, {}, {"Removed"});
}

}  // namespace slipway::provider::local::programs
