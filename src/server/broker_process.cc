#include "server/broker_process.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <optional>

#include "auth/access_keys.h"
#include "base/clock.h"
#include "broker/environments.h"
#include "broker/ports.h"
#include "broker/resources.h"
#include "broker/type_tables.h"
#include "broker/types.h"
#include "http/probes.h"
#include "net/runtime.h"
#include "net/self_signed.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "process/supervisor.h"
#include "provider/local/local_provider.h"
#include "server/actions.h"
#include "server/authentication.h"
#include "server/crash_actions.h"
#include "server/crash_database.h"
#include "server/metrics.h"
#include "storage/installation.h"
#include "storage/sqlite/database.h"
#include "surface/connect/connect_surface.h"
#include "surface/operator/operator_surface.h"
#include "surface/parallelcluster/parallelcluster_surface.h"
#include "workflow/aws_actions.h"

namespace slipway::server {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::milliseconds kLastPatience{500};  // after a second signal

broker::TypeSettings type_settings(const Settings& settings) {
  broker::TypeSettings types;
  types.roots.push_back(settings.types_dir);
  for (const auto& folder : settings.more_types) types.roots.emplace_back(folder);
  if (!settings.instance_types.empty()) types.extensions["parallelcluster/instance-types"] = settings.instance_types;
  return types;
}
}  // namespace

// In the order of construction; each uses only what stands before it.
struct BrokerProcess::Parts {
  Parts(Settings given, std::optional<process::Account> account)
      : settings(std::move(given)),
        crash_points(settings.crash),
        supervisors(runtime, "/proc/self/exe", account),
        environments_account(std::move(account)) {}

  Settings settings;
  const base::Clock& clock = base::system_clock();
  net::Runtime runtime;
  observe::Metrics metrics;
  CrashPoints crash_points;
  process::Supervisors supervisors;
  std::optional<process::Account> environments_account;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<auth::AccessKeys> keys;
  std::unique_ptr<auth::Sigv4Authenticator> authenticator;
  std::unique_ptr<broker::Ports> ports;
  std::unique_ptr<broker::Resources> resources;
  workflow::ActionRegistry actions;
  workflow::ActionRegistry watched_actions;  // in their place, where crash points are wanted
  std::unique_ptr<broker::TypeRegistry> types;
  std::unique_ptr<broker::StoredTypeTables> tables;
  std::unique_ptr<provider::local::LocalProvider> local;
  std::unique_ptr<broker::Environments> environments;
  std::unique_ptr<surface::parallelcluster::ParallelClusterSurface> parallelcluster;
  std::unique_ptr<surface::operator_api::OperatorSurface> operator_api;
  std::unique_ptr<surface::connect::ConnectSurface> connect;
  std::unique_ptr<http::Probes> probes;
  std::unique_ptr<Authentication> authentication;
  std::unique_ptr<http::Server> server;
  std::optional<asio::signal_set> signals;
  base::Result<void> outcome;

  base::Result<void> build();
  base::Result<void> build_server();
  asio::awaitable<void> live(std::function<base::Result<void>(const std::string&)> ready);
  net::Task<void> start(const std::function<base::Result<void>(const std::string&)>& ready);
  asio::awaitable<void> wait_for_signals();
  asio::awaitable<void> stop_at_once();
  asio::awaitable<void> stop();
};

BrokerProcess::BrokerProcess(Settings settings, std::optional<process::Account> account)
    : parts_(std::make_unique<Parts>(std::move(settings), std::move(account))) {}

BrokerProcess::~BrokerProcess() = default;

base::Result<void> BrokerProcess::Parts::build() {
  database = TRY(storage::sqlite::open_database(runtime, settings.data_dir));
  if (settings.crash.wanted()) {
    TRY(crash_points.open());
    database = std::make_unique<CrashDatabase>(std::move(database), crash_points);
  }
  keys = std::make_unique<auth::AccessKeys>(
      *database, runtime, clock,
      auth::AccessKeySettings{.key_file = settings.key_file, .credentials_file = settings.data_dir / "credentials"});
  settings.engine.sealing = &keys->columns();
  authenticator = std::make_unique<auth::Sigv4Authenticator>(*keys, clock, settings.sigv4);
  ports = std::make_unique<broker::Ports>(*database, clock, settings.local.ports);
  resources = std::make_unique<broker::Resources>(*database, clock);
  const auto installation = TRY(storage::installation_id(database->reader()));
  local = std::make_unique<provider::local::LocalProvider>(runtime, supervisors, *ports, *resources, settings.local,
                                                           environments_account, installation);
  TRY(local->check_folder());
  add_actions(actions, *local, supervisors, settings);
  if (settings.crash.wanted()) watched_actions = with_crash_points(actions, runtime, *database, crash_points);
  const auto& usable_actions = settings.crash.wanted() ? watched_actions : actions;
  types = std::make_unique<broker::TypeRegistry>(runtime, *database, clock, usable_actions, type_settings(settings));
  tables = std::make_unique<broker::StoredTypeTables>(*types, *database);
  local->use_tables(*tables);
  environments = std::make_unique<broker::Environments>(runtime, *database, clock, *types, usable_actions,
                                                        std::vector<broker::Provider*>{local.get()}, settings.engine,
                                                        settings.lifetimes);
  if (!settings.default_region.empty() && !environments->serves(settings.default_region)) {
    return base::invalid(fmt::format("default_region: nothing serves the region '{}'; this broker serves: local",
                                     settings.default_region),
                         "default_region");
  }
  return {};
}

base::Result<void> BrokerProcess::Parts::build_server() {
  const auto own = TRY(net::ensure_self_signed(settings.data_dir / "tls", net::default_names(), clock));
  for (auto& listener : settings.http.listeners) {
    if (listener.certificates.empty()) listener.certificates = {own.server};
  }
  parallelcluster = std::make_unique<surface::parallelcluster::ParallelClusterSurface>(
      *environments, clock,
      surface::parallelcluster::Settings{.default_region = settings.default_region,
                                         .link_key = keys->derive("configuration links")});
  operator_api = std::make_unique<surface::operator_api::OperatorSurface>(surface::operator_api::Services{
      .runtime = runtime, .environments = *environments, .types = *types, .keys = *keys});
  connect = std::make_unique<surface::connect::ConnectSurface>(
      surface::connect::Services{.runtime = runtime,
                                 .environments = *environments,
                                 .clock = clock,
                                 .key = keys->derive("connection passes"),
                                 .is_known = [this](std::string_view who) { return keys->has_key(who); }});
  probes = std::make_unique<http::Probes>(metrics, [this]() -> base::Result<void> {
    TRY(storage::installation_id(database->reader()));
    return database->check();
  });
  authentication = std::make_unique<Authentication>(*authenticator);
  add_metrics(metrics, *environments, *database);
  // Surfaces in the order they are asked. Middlewares in the order they run: nobody unknown gets further.
  server = std::make_unique<http::Server>(
      runtime, metrics, clock, settings.http,
      std::vector<const http::Surface*>{probes.get(), parallelcluster.get(), connect.get(), operator_api.get()},
      std::vector<http::Middleware*>{authentication.get()});
  return {};
}

net::Task<void> BrokerProcess::Parts::start(const std::function<base::Result<void>(const std::string&)>& ready) {
  CO_TRY(co_await keys->start());
  CO_TRY(co_await types->start());
  if (const auto type = types->find("parallelcluster"); type && !type->data.contains("instance-types")) {
    co_return base::invalid(
        fmt::format("the type parallelcluster in {} has no instance-types.yaml: put it back, or name "
                    "another folder with types_dir",
                    settings.types_dir.native()),
        "types_dir");
  }
  if (settings.scripts.enabled) {
    auto can = co_await workflow::try_sandbox(supervisors, settings.scripts);
    if (!can)
      co_return base::unavailable(
          fmt::format("scripts.enabled: this machine cannot confine a script: {}", can.error().message),
          "NoNamespaces");
  }
  CO_TRY(build_server());
  // A broker that cannot be reached changes nothing; whoever connects from here on waits until it can answer.
  CO_TRY(server->listen());
  CO_TRY(co_await environments->start_service());
  auto url = settings.http.public_url.empty() ? server->urls().front() : settings.http.public_url;
  while (url.ends_with('/')) url.pop_back();
  parallelcluster->set_base_url(url);
  environments->connections().set_public_url(url);
  server->start();
  // Before anybody hears that we are ready: who does may ask us to stop at once.
  signals.emplace(runtime.io(), SIGTERM, SIGINT, SIGHUP);
  CO_TRY(ready(server->urls().front()));
  observe::info("ready", {{"url", url}});
  co_return base::Result<void>();
}

asio::awaitable<void> BrokerProcess::Parts::wait_for_signals() {
  while (co_await signals->async_wait(asio::use_awaitable) == SIGHUP) {
    (void)server->reload_certificates();  // the server logs how it went, for each listener
  }
}

asio::awaitable<void> BrokerProcess::Parts::stop() {
  if (server) co_await server->stop();
  co_await environments->stop_service();
  co_await types->stop();
  co_await local->stop();
}

// After a second signal: whatever is in flight is cancelled, and what does not end by that is left as by kill -9, which
// every start copes with.
asio::awaitable<void> BrokerProcess::Parts::stop_at_once() {
  co_await signals->async_wait(asio::use_awaitable);
  server->stop_now();
  co_await net::sleep_for(runtime, kLastPatience);
  observe::warning("ended at once, as a second signal asked for");
  observe::stop_log();
  std::_Exit(128 + SIGTERM);
}

asio::awaitable<void> BrokerProcess::Parts::live(std::function<base::Result<void>(const std::string&)> ready) {
  net::TaskGroup tasks(runtime);
  // Nobody waits for a broker that is neither ready nor at its end.
  try {
    outcome = co_await start(ready);
  } catch (const std::exception& exception) {
    outcome = base::internal(
        fmt::format("the broker cannot start: {}; restore a backup, and report this as a bug", exception.what()));
  }
  if (outcome) {
    co_await wait_for_signals();
    observe::info("stopping");
    tasks.spawn("second signal", [this] { return stop_at_once(); });
  }
  co_await stop();
  tasks.cancel();
  co_await tasks.join();
  runtime.stop();
}

base::Result<void> BrokerProcess::run(std::function<base::Result<void>(const std::string& url)> ready) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
  TRY(parts_->build());
  {
    // Without it the loop would go on, and nobody would serve.
    net::TaskGroup life(parts_->runtime, [this](std::string_view, std::string_view exception) {
      parts_->outcome = base::internal(fmt::format("the broker ended: {}, which is a bug", exception));
      parts_->runtime.stop();
    });
    life.spawn("broker", [this, ready = std::move(ready)] { return parts_->live(ready); });
    parts_->runtime.run();
  }
  parts_->database->stop();
  return std::move(parts_->outcome);
}

}  // namespace slipway::server
