#include "broker/environments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "broker/admission.h"
#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/rows.h"
#include "observe/log.h"
#include "workflow/parameters.h"

namespace slipway::broker {

namespace {

// Local executions belong to no account; the form is that of one.
constexpr std::string_view kAccount = "000000000000";

// What the document itself demands of its parameters, so that a refusal comes before anything is written.
base::Result<void> check_for_document(const workflow::Plan& plan, const boost::json::object& parameters) {
  for (const auto& parameter : plan.parameters) {
    const auto* value = parameters.if_contains(parameter.name);
    if (value == nullptr) continue;
    const auto wrong = workflow::violations(parameter, *value);
    if (!wrong.empty()) return base::invalid(fmt::format("{}: {}.", parameter.name, base::join(wrong, "; ")));
  }
  return {};
}

// The last id of the page before.
base::Result<base::EnvironmentId> page_start(const std::string& token) {
  constexpr std::string_view kPrefix = "env-";
  if (token.empty() || (token.starts_with(kPrefix) && token.size() == kPrefix.size() + 36)) {
    return base::EnvironmentId(token);
  }
  return base::invalid("The page token is not one that a page before this gave.", "nextToken");
}

}  // namespace

Environments::Environments(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
                           const TypeRegistry& types, const workflow::ActionRegistry& actions,
                           std::vector<Provider*> providers, workflow::EngineSettings settings,
                           LifetimeSettings lifetimes)
    : runtime_(runtime),
      database_(database),
      clock_(clock),
      types_(types),
      actions_(actions),
      sealing_(*settings.sealing),
      providers_(std::move(providers)),
      cache_(database, sealing_),
      events_(runtime, database, clock),
      leftovers_(runtime, database, clock, sealing_, providers_),
      connections_({.runtime = runtime,
                    .database = database,
                    .clock = clock,
                    .types = types,
                    .actions = actions,
                    .providers = providers_,
                    .cache = cache_}),
      lifetimes_({.runtime = runtime,
                  .database = database,
                  .clock = clock,
                  .types = types,
                  .providers = providers_,
                  .cache = cache_,
                  .events = events_},
                 lifetimes,
                 [this](base::EnvironmentId id, EndAction action, Cause cause) {
                   return action == EndAction::stop ? stop(id, cause) : terminate(id, cause);
                 }),
      tasks_(runtime),
      engine_(runtime, database, clock, actions, *this, std::move(settings), this),
      executions_(database, clock, engine_, cache_) {}

Environments::~Environments() = default;

net::Task<void> Environments::start_service() {
  CO_TRY(co_await events_.start());
  std::vector<base::EnvironmentId> live;
  std::vector<base::EnvironmentId> terminating;
  std::vector<Environment> available;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    base::Result<void> readable;
    TRY(storage::each_live_environment(connection, [&](storage::EnvironmentRow row) {
      auto read = from_row(std::move(row), sealing_);
      if (!read) {
        readable = std::move(read).error();
        return;
      }
      auto& environment = *read;
      live.push_back(environment.id);
      if (environment.status == Status::terminating) terminating.push_back(environment.id);
      if (environment.status == Status::available) available.push_back(std::move(environment));
    }));
    return readable;
  }));
  leftovers_.start(live);
  for (auto* provider : providers_.all()) provider->report_to(this);
  for (const auto& environment : available) {
    if (auto* provider = providers_.serving(environment.region)) provider->tend(environment);
  }
  CO_TRY(co_await engine_.start());
  lifetimes_.start();
  tasks_.spawn("terminate", [this, terminating] { return go_on_with_all(terminating); });
  co_return base::Result<void>();
}

boost::asio::awaitable<void> Environments::stop_service() {
  for (auto* provider : providers_.all()) provider->report_to(nullptr);
  tasks_.cancel();
  co_await lifetimes_.stop();
  co_await engine_.stop();
  tasks_.cancel();  // those too that an execution began which ended meanwhile
  co_await tasks_.join();
  co_await leftovers_.stop();
  co_await events_.stop();
}

bool Environments::serves(std::string_view region) const {
  return providers_.serving(region) != nullptr;
}

net::Task<std::shared_ptr<const workflow::Plan>> Environments::document_of(EnvironmentPtr environment,
                                                                           std::string operation) const {
  const auto type = CO_TRY(co_await types_.load(environment->type, environment->type_version));
  co_return providers_.document(*type, environment->region, operation);
}

base::Result<Launch> Environments::check(LaunchRequest request) const {
  const auto type = TRY(types_.find(request.type, request.version));
  auto plan = TRY(providers_.document(*type, request.region, kLaunch));
  const auto& provider = *providers_.serving(request.region);
  // All of them: what is launched must also be ended.
  const auto& documents = type->documents.find(provider.name())->second;
  for (const auto* plans : {&documents.operations, &documents.children}) {
    for (const auto& [name, document] : *plans) TRY(workflow::check_runnable(*document, actions_));
  }
  Environment environment;
  environment.parameters = TRY(bind_parameters(*type, request.configuration, std::move(request.parameters)));
  for (const auto& declaration : type->parameters) {
    const auto& parameter = declaration.parameter;
    const auto* value = parameter.sensitive ? environment.parameters.if_contains(parameter.name) : nullptr;
    if (value != nullptr) workflow::add_secrets(*value, environment.secrets);
  }
  TRY(check_for_document(*plan, environment.parameters));
  for (const auto& [name, document] : documents.operations) {
    TRY(workflow::check_defaults(*document, environment.parameters, parameter_store()));
  }
  for (const auto& [name, document] : documents.children) {
    TRY(workflow::check_defaults(*document, {}, parameter_store()));
  }
  environment.name = std::move(request.name);
  environment.type = std::move(request.type);
  environment.type_version = type->version;
  environment.region = std::move(request.region);
  environment.owner = request.cause.who;
  environment.tags = std::move(request.tags);
  environment.request_document = std::move(request.request_document);
  environment.correlation_id = request.cause.correlation_id.empty() ? environment.name : request.cause.correlation_id;
  environment.expires_at = TRY(end_of(*type, clock_.now(), request.time_to_live, clock_.now()));
  TRY(provider.check(environment, *plan));
  return Launch{.cause = std::move(request.cause), .environment = std::move(environment), .plan = std::move(plan)};
}

base::Result<workflow::Prepared> Environments::prepare(const Environment& environment,
                                                       std::shared_ptr<const workflow::Plan> plan,
                                                       std::string_view operation, const std::string& by) const {
  TRY(admit(operation, environment, clock_.now()));
  auto parameters = document_parameters(*plan, environment.parameters, environment.outputs);
  return engine_.prepare_start({.plan = std::move(plan),
                                .kind = std::string(operation),
                                .environment_id = environment.id,
                                .environment_name = environment.name,
                                .region = environment.region,
                                .account_id = std::string(kAccount),
                                .by = by,
                                .correlation_id = environment.correlation_id,
                                .parameters = std::move(parameters),
                                .secrets = environment.secrets});
}

net::Task<EnvironmentPtr> Environments::launch(Launch launch) {
  const auto now = clock_.now();
  auto environment = std::make_shared<Environment>(std::move(launch.environment));
  environment->id = base::EnvironmentId("env-" + base::new_uuid(now.time_since_epoch().count()));
  environment->created_at = environment->updated_at = environment->fleet_updated_at = now;
  const auto prepared = CO_TRY(prepare(*environment, std::move(launch.plan), kLaunch, launch.cause.who));
  const auto row = to_row(*environment, sealing_);
  const auto audit = audit_row(launch.cause, now, environment->id.str(), {}, summary(*environment));
  auto written = co_await database_.write([row, audit, write = prepared.write](storage::Connection& connection) {
    return insert_launch(connection, row, write, audit);
  });
  if (!written) co_return std::move(written).error();
  engine_.launch(prepared.id);
  cache_.put(environment);
  events_.tell();
  observe::info("launch accepted", {{"environment", environment->id.str()},
                                    {"name", environment->name},
                                    {"type", environment->type},
                                    {"region", environment->region},
                                    {observe::kCorrelationId, environment->correlation_id}});
  co_return environment;
}

base::Result<EnvironmentPtr> Environments::find(const base::EnvironmentId& id) {
  return shown(TRY(cache_.find(id)));
}

base::Result<EnvironmentPtr> Environments::find(std::string_view type, std::string_view region, std::string_view name) {
  return shown(TRY(cache_.find(type, region, name)));
}

base::Result<EnvironmentPtr> Environments::shown(EnvironmentPtr environment) {
  if (!environment || environment->status != Status::pending) return environment;
  const auto execution = TRY(storage::find_active_execution(database_.reader(), environment->id));
  if (!execution || execution->failure_code.empty()) return environment;
  auto failing = std::make_shared<Environment>(*environment);
  failing->status = Status::failed;
  failing->rolling_back = true;
  failing->failure = Failure{.code = execution->failure_code, .reason = execution->failure_text};
  return EnvironmentPtr(std::move(failing));
}

net::Task<EnvironmentPage> Environments::list(std::string type, std::string region, std::string token, int limit) {
  const auto after = CO_TRY(page_start(token));
  EnvironmentPage page;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    auto rows = TRY(storage::list_environments(connection, type, region, after, limit + 1));
    const bool more = std::ssize(rows) > limit;
    if (more) rows.pop_back();
    for (auto& row : rows) {
      page.environments.push_back(std::make_shared<const Environment>(TRY(from_row(std::move(row), sealing_))));
    }
    if (more) page.next = page.environments.back()->id.str();
    return {};
  }));
  for (auto& environment : page.environments) environment = CO_TRY(shown(std::move(environment)));
  co_return page;
}

std::vector<Instance> Environments::instances(const Environment& environment) const {
  const auto* provider = providers_.serving(environment.region);
  return provider == nullptr ? std::vector<Instance>() : provider->instances(environment);
}

FleetStatus Environments::fleet(const Environment& environment) const {
  const auto* provider = providers_.serving(environment.region);
  return provider == nullptr ? FleetStatus::unknown : provider->fleet(environment);
}

std::vector<std::pair<std::string, std::string>> Environments::tags(const Environment& environment) const {
  const auto* provider = providers_.serving(environment.region);
  if (provider == nullptr) return {};
  return provider->tags(environment);
}

workflow::EngineStatistics Environments::statistics() const {
  return engine_.statistics();
}

}  // namespace slipway::broker
