#include "server/serve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "config/data_dir.h"
#include "server/broker_process.h"
#include "server/privileges.h"
#include "server/warnings.h"

namespace slipway::server {

namespace {

struct Options {
  std::string data_dir = config::default_data_dir().string();
  std::string listen;
  std::string config_file;
  std::string key_file;
  std::string types_dir;
  bool print_settings = false;
  std::string crash_at;
  std::string crash_trace;
};

base::Result<config::Sources> sources_of(const Options& options) {
  config::Sources sources{
      .file_text = {}, .file_name = options.config_file, .environment = config::slipway_environment(), .overrides = {}};
  if (!options.config_file.empty()) {
    std::ifstream file(options.config_file);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return base::invalid("cannot read the settings file " + options.config_file, "--config");
    sources.file_text = text.str();
  }
  // An option's value may be its variable's, which the reader finds by itself and names as the origin.
  const auto override_with = [&](const std::string& setting, const std::string& variable, const std::string& value) {
    const auto found = sources.environment.find(variable);
    if (!value.empty() && (found == sources.environment.end() || found->second != value)) {
      sources.overrides[setting] = value;
    }
  };
  override_with("listen", "SLIPWAY_LISTEN", options.listen);
  override_with("key_file", "SLIPWAY_KEY_FILE", options.key_file);
  override_with("types_dir", "SLIPWAY_TYPES_DIR", options.types_dir);
  return sources;
}

// As many as the system lets us: a connection through the broker takes two, and none may be missing for a launch.
void take_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

base::Result<void> make_data_dir(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && ::chmod(folder.c_str(), 0700) == 0 && ::access(folder.c_str(), W_OK) == 0) return {};
  auto refusal = base::from_errno("the data folder " + folder.string() + " cannot be used", error.value());
  refusal.message += "; choose one that this account may write with --data-dir";
  return refusal;
}

// The address file that clients on this machine read; the line on stdout is for whoever started us.
base::Result<void> announce(const std::filesystem::path& data_dir, const std::string& url) {
  const auto path = data_dir / "endpoint";
  const auto fresh = data_dir / "endpoint.new";
  {
    std::ofstream file(fresh);
    file << url << '\n';
    if (!file.flush()) return base::from_errno("writing " + fresh.string());
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return base::from_errno("writing " + path.string(), error.value());
  std::cout << "Slipway is ready on " << url << std::endl;
  return {};
}

// `known`: variables that other commands read.
base::Result<cli::ExitCode> serve(const Options& options, const std::vector<std::string>& known) {
  const auto data_dir = std::filesystem::absolute(options.data_dir).lexically_normal();
  config::Reader reader(TRY(sources_of(options)));
  auto settings = read_settings(reader, data_dir);
  settings.crash = {.at = options.crash_at, .trace = options.crash_trace};
  TRY(reader.finish());
  if (options.print_settings) {
    std::cout << reader.print();
    return cli::ExitCode::ok;
  }
  take_descriptors();
  TRY(make_data_dir(data_dir));
  auto account = TRY(drop_privileges(data_dir, settings.local.environments_dir));
  TRY(observe::start_log(settings.log));
  struct StopLog {
    ~StopLog() { observe::stop_log(); }
  } stop_log;
  for (const auto& unknown : reader.unknown_variables(known)) observe::warning(unknown);
  warn_of_dangerous_settings(settings, account.has_value());

  BrokerProcess broker(settings, std::move(account));
  TRY(broker.run([&](const std::string& url) { return announce(data_dir, url); }));
  return cli::ExitCode::ok;
}

}  // namespace

void add_serve(cli::Command& root, const cli::Context&) {
  auto command = root.add("serve", "Run the broker in the foreground");
  auto options = std::make_shared<Options>();
  command.option("--data-dir", options->data_dir, "Folder of database, certificate and credentials",
                 {.placeholder = "DIR", .completes = cli::Completes::folders});
  command.option("--listen", options->listen, "Address and port; port 0 lets the system choose",
                 {.placeholder = "ADDR:PORT"});
  command.option("--config", options->config_file, "Settings, a YAML file",
                 {.placeholder = "FILE", .completes = cli::Completes::files});
  command.option("--key-file", options->key_file, "Key that seals the secrets of access keys",
                 {.placeholder = "FILE", .completes = cli::Completes::files});
  command.option("--types-dir", options->types_dir, "Folder of the environment types",
                 {.placeholder = "DIR", .completes = cli::Completes::folders});
  command.flag("--print-settings", options->print_settings, "Print the effective settings and end");
  command.option("--crash-at", options->crash_at, "For `slipway types test`: end as by kill -9 at a crash point",
                 {.placeholder = "POINT", .variable = "-", .hidden = true});
  command.option("--crash-trace", options->crash_trace, "For `slipway types test`: write down each crash point",
                 {.placeholder = "FILE", .variable = "-", .hidden = true});
  command.run([options, root] { return serve(*options, root.variables()); });
}

}  // namespace slipway::server
