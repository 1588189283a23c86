#include "provider/local/programs/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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

// Of a secret or a program.
struct NameInput {
  std::string_view name = "Name";
  std::string_view otherwise{};
  Result<std::string> read(const json::object& inputs) const {
    auto given = TRY(TextInput{name, otherwise}.read(inputs));
    TRY(check_name(given));
    return given;
  }
};

// What an HTTP request asks for.
struct HttpPathInput {
  std::string_view name = "Path";
  Result<std::string> read(const json::object& inputs) const {
    auto path = TRY(TextInput{name, "/"}.read(inputs));
    const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
    if (path.starts_with('/') && std::ranges::all_of(path, plain)) return path;
    return bad_input(name, "a path such as /ready", json::string(path));
  }
};

// What the actions read; each is also what judges its literals.
constexpr TextInput kFolderPath{"Path", "."};
constexpr TextInput kFilePath{"Path"};
constexpr NumberInput kMode{.name = "Mode", .otherwise = 0600, .least = 0, .most = 0777, .base = 8};
constexpr NameInput kSecret{};
constexpr NumberInput kCount{.name = "Count", .otherwise = 1, .least = 1, .most = 100};
constexpr TextInput kUrlPath{"Path", "/"};
constexpr MapInput kQuery{"Query"};
constexpr TextInput kRequirements{"Requirements"};
constexpr NameInput kProgramName{.otherwise = "main"};
constexpr TextInput kProgram{"Program"};
constexpr ListInput kArguments{"Arguments"};
constexpr MapInput kEnvironment{"Environment"};
constexpr TextInput kFolder{"Folder"};
constexpr NumberInput kMemoryMiB{.name = "MemoryMiB", .most = 1 << 24};
constexpr NumberInput kCpuSeconds{.name = "CpuSeconds", .most = 1 << 30};
constexpr NumberInput kPort{.name = "Port", .least = 1, .most = 65535};
constexpr HttpPathInput kHttpPath{};
constexpr NumberInput kStatus{.name = "Status", .otherwise = 200, .least = 100, .most = 599};

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
  const auto path = CO_TRY(kFolderPath.read(inputs));
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await net::run_blocking<void>(services.machine.runtime, [&] { return place.make_folder(path); }));
  CO_TRY(co_await services.machine.resources.present(context.environment_id, resources_of(place)));
  co_return json::object{{"Folder", place.folder().native()}, {"EnvironmentId", context.environment_id.str()}};
}

net::Task<json::object> write_file(Services services, StepContext context, json::object inputs) {
  const auto place = services.place(context);
  const auto mode = static_cast<mode_t>(CO_TRY(kMode.read(inputs)));
  const auto path = CO_TRY(kFilePath.read(inputs));
  // Of any type: a structure is written as JSON.
  const auto* given = inputs.if_contains("Content");
  const auto content = given == nullptr ? std::string() : workflow::to_text(*given);
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await net::run_blocking<void>(services.machine.runtime,
                                          [&] { return place.write_file(path, content, mode); }));
  co_return json::object{{"File", CO_TRY(place.inside(path)).native()}};
}

net::Task<json::object> new_secret(Services services, StepContext context, json::object inputs) {
  const auto place = services.place(context);
  const auto name = CO_TRY(kSecret.read(inputs));
  CO_TRY(co_await claim(services, context));
  const auto file =
      CO_TRY(co_await net::run_blocking<fs::path>(services.machine.runtime, [&] { return place.new_secret(name); }));
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
  const auto name = CO_TRY(kSecret.read(inputs));
  const auto place = services.place(context);
  const auto secret = CO_TRY(
      co_await net::run_blocking<base::Secret>(services.machine.runtime, [&] { return place.read_secret(name); }));
  co_return json::object{{"Value", secret.reveal()}};
}

net::Task<json::object> reserve_port(Services services, StepContext context, json::object inputs) {
  const auto count = CO_TRY(kCount.read(inputs));
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
  const auto path = CO_TRY(kUrlPath.read(inputs));
  const auto query = CO_TRY(kQuery.read(inputs));
  auto url = fmt::format("http://127.0.0.1:{}{}", port, path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += fmt::format("{}{}={}", separator, percent_encoded(name), percent_encoded(workflow::to_text(value)));
    separator = '&';
  }
  co_return json::object{{"Url", url}};
}

net::Task<json::object> make_virtual_environment(Services services, StepContext context, json::object inputs) {
  const auto& machine = services.machine;
  const auto given = CO_TRY(kRequirements.read(inputs));
  const auto path = CO_TRY(services.place(context).inside(given));
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
  ProgramRequest request;
  request.name = CO_TRY(kProgramName.read(inputs));
  request.program = CO_TRY(kProgram.read(inputs));
  request.arguments = CO_TRY(kArguments.read(inputs));
  request.folder = CO_TRY(kFolder.read(inputs));
  request.memory_mib = CO_TRY(kMemoryMiB.read(inputs));
  request.cpu_seconds = CO_TRY(kCpuSeconds.read(inputs));
  const auto environment = CO_TRY(kEnvironment.read(inputs));
  for (const auto& [name, value] : environment) request.environment[name] = workflow::to_text(value);
  CO_TRY(co_await claim(services, context));
  CO_TRY(co_await start(services.machine, services.place(context), std::move(request)));
  co_return json::object{};
}

net::Task<json::object> wait_for_port(Services services, StepContext context, json::object inputs) {
  const auto port = static_cast<std::uint16_t>(CO_TRY(kPort.read(inputs)));
  const auto name = CO_TRY(kProgramName.read(inputs));
  CO_TRY(co_await wait_for_answer(services.machine, services.place(context), name, port, {}, 0, patience(context)));
  co_return json::object{};
}

net::Task<json::object> wait_for_http(Services services, StepContext context, json::object inputs) {
  const auto port = static_cast<std::uint16_t>(CO_TRY(kPort.read(inputs)));
  const auto status = static_cast<int>(CO_TRY(kStatus.read(inputs)));
  const auto path = CO_TRY(kHttpPath.read(inputs));
  const auto name = CO_TRY(kProgramName.read(inputs));
  CO_TRY(
      co_await wait_for_answer(services.machine, services.place(context), name, port, path, status, patience(context)));
  co_return json::object{};
}

net::Task<json::object> stop_process(Services services, StepContext context, json::object inputs) {
  const auto name = CO_TRY(kProgramName.read(inputs));
  // Nobody starts again what is being ended.
  co_await services.programs.release(context.environment_id);
  const auto place = services.place(context);
  if (inputs.contains("Name")) {
    CO_TRY(co_await stop(services.machine, place, name));
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
                       std::vector<std::string_view> outputs = {}, std::vector<InputCheck> checks = {}) {
    add_action(registry, std::move(name), effect, std::bind_front(run, services), std::move(inputs), std::move(outputs),
               std::move(checks));
  };
  add("local:makeFolder", EffectClass::natural, make_folder, {.required = {}, .optional = {"Path"}},
      {"Folder", "EnvironmentId"}, {check_of(kFolderPath)});
  add("local:writeFile", EffectClass::natural, write_file, {.required = {"Path", "Content"}, .optional = {"Mode"}},
      {"File"}, {check_of(kFilePath), check_of(kMode)});
  add("local:newSecret", EffectClass::name, new_secret, {.required = {"Name"}, .optional = {}}, {"File"},
      {check_of(kSecret)});
  add("local:readSecret", EffectClass::read, read_secret, {.required = {"Name"}, .optional = {}}, {"Value"},
      {check_of(kSecret)});
  add("local:reservePort", EffectClass::name, reserve_port, {.required = {}, .optional = {"Count"}}, {"Port", "Ports"},
      {check_of(kCount)});
  add("local:connectionUrl", EffectClass::read, connection_url, {.required = {}, .optional = {"Path", "Query"}},
      {"Url"}, {check_of(kUrlPath), check_of(kQuery)});
  add("local:makeVirtualEnvironment", EffectClass::name, make_virtual_environment,
      {.required = {"Requirements"}, .optional = {}}, {"Python"}, {check_of(kRequirements)});
  add("local:startProcess", EffectClass::name, start_process,
      {.required = {"Program"}, .optional = {"Name", "Arguments", "Environment", "Folder", "MemoryMiB", "CpuSeconds"}},
      {},
      {check_of(kProgramName), check_of(kProgram), check_of(kArguments), check_of(kEnvironment), check_of(kFolder),
       check_of(kMemoryMiB), check_of(kCpuSeconds)});
  add("local:waitForPort", EffectClass::read, wait_for_port, {.required = {"Port"}, .optional = {"Name"}}, {},
      {check_of(kPort), check_of(kProgramName)});
  add("local:waitForHttp", EffectClass::read, wait_for_http,
      {.required = {"Port"}, .optional = {"Path", "Status", "Name"}}, {},
      {check_of(kPort), check_of(kHttpPath), check_of(kStatus), check_of(kProgramName)});
  add("local:stopProcess", EffectClass::natural, stop_process, {.required = {}, .optional = {"Name"}}, {},
      {check_of(kProgramName)});
  add("local:removeFolder", EffectClass::natural, remove_folder, {}, {"Removed"});
}

}  // namespace slipway::provider::local::programs
