#include "cli/demo.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/cluster.h"
#include "cli/demo_broker.h"
#include "cli/demo_jobs.h"
#include "cli/demo_words.h"
#include "cli/exit_code.h"
#include "cli/footprint.h"
#include "cli/interrupts.h"
#include "cli/slurm_place.h"
#include "cli/stage.h"
#include "cli/steps.h"
#include "cli/table.h"
#include "cli/text_file.h"
#include "config/data_dir.h"

namespace slipway::cli {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

struct Options {
  std::string data_dir;
  std::string listen = "127.0.0.1:8443";
  std::string examples;
  bool keep = false;
};

// In the source tree, beside a build of it, or where `make install` put them.
base::Result<fs::path> find_examples(const std::string& given) {
  if (!given.empty()) return fs::path(given);
  std::error_code ignored;
  auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {program / "../share/slipway/examples", program / "../../examples", fs::path("examples")}) {
    if (fs::exists(folder / "parallelcluster/first-cluster.yaml", ignored))
      return fs::weakly_canonical(folder, ignored);
  }
  return base::not_found("The examples are not to be found beside the program; name their folder with --examples.");
}

class Demo {
 public:
  Demo(const Context& context, const Options& options)
      : context_(context),
        options_(options),
        data_dir_(options.data_dir.empty() ? config::default_data_dir() : fs::path(options.data_dir)),
        stage_(context.out, context.out_is_terminal),
        broker_(context, data_dir_, options.listen, options.keep) {}

  base::Result<ExitCode> run();

 private:
  base::Result<void> show();
  base::Result<void> start_broker();
  base::Result<void> create_cluster();
  base::Result<void> wait_for_cluster();
  base::Result<void> show_cluster();
  base::Result<void> run_jobs();
  base::Result<void> delete_cluster();
  base::Result<void> show_nothing_is_left();
  base::Result<std::string> free_name() const;
  void clean_up(const base::Error& why);
  std::string folder_option() const;  // what commands for people need to find this broker

  const Context& context_;
  const Options& options_;
  fs::path data_dir_;
  fs::path examples_;
  Stage stage_;
  DemoBroker broker_;
  std::optional<Client> client_;
  std::string name_;  // set as soon as the cluster may exist
  SlurmPlace place_;
  Footprint footprint_;  // before the deletion
};

base::Result<void> Demo::start_broker() {
  stage_.heading(1, "A broker");
  stage_.begin("starting");
  TRY(broker_.ensure());
  client_.emplace(TRY(broker_.connect()));
  stage_.done(fmt::format("{} on {}", broker_.started() ? "up" : "running already", client_->connection().url));
  stage_.quote(fmt::format("data in {}", data_dir_.native()));
  if (broker_.started()) stage_.quote(fmt::format("process {}, log in {}", broker_.pid(), broker_.log()));
  return {};
}

base::Result<std::string> Demo::free_name() const {
  auto clusters = TRY(client_->all_pages({.method = "GET", .path = "/v3/clusters"}, "clusters"));
  for (int number = 1;; ++number) {
    auto name = number == 1 ? std::string("demo") : fmt::format("demo-{}", number);
    bool taken = false;
    for (const auto& cluster : clusters) taken = taken || text_at(cluster, "/clusterName") == name;
    if (!taken) return name;
  }
}

base::Result<void> Demo::create_cluster() {
  auto file = examples_ / "parallelcluster/first-cluster.yaml";
  stage_.heading(2, "POST /v3/clusters");
  auto text = TRY(read_text_file(file));
  auto name = TRY(free_name());
  stage_.begin("sending");
  name_ = name;
  boost::json::object body{{"clusterName", name}, {"clusterConfiguration", text}};
  auto answer = TRY(client_->call({.method = "POST", .path = "/v3/clusters", .body = std::move(body)}));
  stage_.done(fmt::format("cluster '{}': {}", name, text_at(answer, "/cluster/clusterStatus")));
  stage_.quote(fmt::format("signed with SigV4 by {}\nconfiguration {}\nregion local",
                           client_->connection().credentials.credentials.access_key_id, file.native()));
  return {};
}

base::Result<void> Demo::wait_for_cluster() {
  stage_.begin("creating");
  for (;;) {
    auto look = TRY(look_at_cluster(*client_, name_, "CREATE_IN_PROGRESS", "CREATE_COMPLETE"));
    if (look.end == ExitCode::ok) break;
    if (look.end) {
      auto cluster = describe_cluster(*client_, name_);
      auto error = base::unavailable(
          fmt::format("The cluster could not be created: {}", cluster ? failure_of(*cluster) : "it is gone."));
      auto why = fetch_why(*client_, name_);
      if (why) {
        auto chain = describe_why(*why);
        for (auto line : base::split(base::trim(chain), '\n')) error.evidence.emplace_back(line);
      }
      return error;
    }
    stage_.now(look.step.empty() ? "creating" : look.step);
    if (!context_.pause(milliseconds(50))) return interrupted();
  }
  stage_.done("CREATE_COMPLETE");
  return {};
}

base::Result<void> Demo::show_cluster() {
  stage_.heading(3, "The cluster");
  TRY(wait_for_cluster());
  stage_.begin("DescribeClusterInstances");
  Call list{.method = "GET", .path = cluster_path(name_, "/instances")};
  auto instances = TRY(client_->all_pages(list, "instances"));
  stage_.done();
  Table table({"INSTANCE", "ROLE", "QUEUE", "TYPE", "STATE"});
  for (const auto& one : instances) {
    table.add({text_at(one, "/instanceId"), text_at(one, "/nodeType"), text_at(one, "/queueName"),
               text_at(one, "/instanceType"), text_at(one, "/state")});
  }
  stage_.quote(table.text());
  auto cluster = TRY(describe_cluster(*client_, name_));
  place_ = TRY(slurm_place(cluster));
  return {};
}

base::Result<void> Demo::run_jobs() {
  auto script = TRY(read_text_file(examples_ / "parallelcluster/job.sh"));
  DemoJobs jobs(context_, place_, stage_, script);
  TRY(jobs.show_nodes());
  stage_.heading(4, "Jobs, with Slurm's own clients");
  TRY(jobs.batch_on_static_node());
  TRY(jobs.run_on_all_nodes());
  TRY(jobs.batch_on_all_nodes());
  return jobs.show_nodes();
}

base::Result<void> Demo::delete_cluster() {
  stage_.begin("deleting");
  auto deleted = client_->call({.method = "DELETE", .path = cluster_path(name_)});
  if (!deleted && deleted.error().kind != base::ErrorKind::not_found) return std::move(deleted).error();
  for (;;) {
    auto look = TRY(look_at_cluster(*client_, name_, "DELETE_IN_PROGRESS", "DELETE_COMPLETE"));
    if (look.end == ExitCode::ok) break;
    if (look.end)
      return base::unavailable(fmt::format("Cluster '{0}' could not be deleted; see `slipway why {0}`.", name_));
    stage_.now(look.step.empty() ? "deleting" : look.step);
    if (!context_.pause(milliseconds(50))) return interrupted();
  }
  stage_.done(fmt::format("cluster '{}' is deleted", name_));
  name_.clear();
  return {};
}

base::Result<void> Demo::show_nothing_is_left() {
  stage_.begin("looking for what is left");
  auto left = left_of(footprint_, place_.directory);
  stage_.done(fmt::format("left of {} processes: {}; of {} ports: {}; folder: {}", footprint_.processes.size(),
                          left.processes.size(), footprint_.ports.size(), left.ports.size(),
                          left.folder ? "still there" : "gone"));
  if (left.processes.empty() && left.ports.empty() && !left.folder) return {};
  auto error = base::internal("Something of the cluster is left; this is a bug.");
  for (const auto& process : left.processes)
    error.evidence.push_back(fmt::format("process {} {}", process.pid, process.name));
  for (int port : left.ports) error.evidence.push_back(fmt::format("port {}", port));
  if (left.folder) error.evidence.push_back(place_.directory);
  return error;
}

base::Result<void> Demo::show() {
  examples_ = TRY(find_examples(options_.examples));
  TRY(start_broker());
  TRY(create_cluster());
  TRY(show_cluster());
  TRY(run_jobs());
  if (options_.keep) return {};
  stage_.heading(5, "DELETE /v3/clusters/" + name_);
  footprint_ = footprint(place_.directory);
  TRY(delete_cluster());
  return show_nothing_is_left();
}

base::Result<ExitCode> Demo::run() {
  catch_interrupts();
  ignore_closed_pipes();
  context_.out << "One ParallelCluster request makes a real Slurm cluster on this machine." << std::endl;
  auto shown = show();
  // A signal that arrives while a request is under way shows only here.
  if (shown && interrupts() > 0) shown = interrupted();
  if (!shown) {
    auto error = std::move(shown).error();
    clean_up(error);
    if (!is_interrupted(error)) return error;
    return ExitCode::interrupted;
  }
  if (options_.keep) {
    context_.out << how_to_use_and_stop(name_, folder_option(), broker_.pid(), broker_.log());
    return ExitCode::ok;
  }
  if (broker_.started()) {
    stage_.begin("stopping");
    broker_.stop();
    stage_.done("the broker is stopped");
  }
  context_.out << what_to_try_next(examples_);
  return ExitCode::ok;
}

// After a failure or Ctrl-C. A second Ctrl-C ends the waiting for the deletion, not the stop of the broker.
void Demo::clean_up(const base::Error& why) {
  forget_interrupts();
  if (name_.empty() && !broker_.started()) return;
  context_.out << (is_interrupted(why) ? "\n\nInterrupted: cleaning up.\n" : "\n\nCleaning up.\n");
  if (client_ && !name_.empty()) {
    auto deleted = delete_cluster();
    if (!deleted) {
      context_.out << fmt::format(
          "Cluster '{0}' is still there: {1} Delete it with `{3} serve{2}` and `{3} cluster delete{2} {0}`.\n", name_,
          deleted.error().message, folder_option(), program());
    }
  }
  if (!broker_.started()) return;
  stage_.begin("stopping");
  broker_.stop();
  stage_.done("the broker is stopped");
}

std::string Demo::folder_option() const {
  return data_dir_ == config::default_data_dir() ? "" : " --data-dir " + shell_word(data_dir_);
}

}  // namespace

void add_demo(Command& root, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("demo", "Show the main job: a broker, a real Slurm cluster, jobs, and nothing left of it");
  command.flag("--keep", options->keep, "Leave broker and cluster running, and say how to stop them");
  command.option("--listen", options->listen, "Where the broker listens, unless one runs already",
                 {.placeholder = "ADDRESS:PORT"});
  command.option("--data-dir", options->data_dir, "The broker's data folder",
                 {.placeholder = "DIR", .completes = Completes::folders});
  command.option("--examples", options->examples, "Folder of the example requests",
                 {.placeholder = "DIR", .completes = Completes::folders});
  command.run([&context, options] { return Demo(context, *options).run(); });
}

}  // namespace slipway::cli
