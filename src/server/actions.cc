#include "server/actions.h"

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "broker/ports.h"
#include "broker/resources.h"
#include "net/runtime.h"
#include "storage/sqlite/database.h"
#include "workflow/aws_actions.h"
#include "workflow/execute_script.h"

namespace slipway::server {

namespace {

// A folder that goes with its owner.
struct Place {
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-actions-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    path = name;
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Place(const Place&) = delete;
  std::filesystem::path path;
};

}  // namespace

void add_actions(workflow::ActionRegistry& actions, provider::local::LocalProvider& local,
                 process::Supervisors& supervisors, const Settings& settings) {
  local.add_actions(actions);
  workflow::add_aws_actions(actions);
  actions.add("aws:executeScript", workflow::make_execute_script(supervisors, settings.scripts,
                                                                 {settings.data_dir, settings.local.environments_dir}));
}

// The actions want what they would run with; none of it is used.
struct OfflineActions::Parts {
  Place place;
  Settings settings;
  net::Runtime runtime;
  process::Supervisors supervisors{runtime, "/proc/self/exe", std::nullopt};
  std::unique_ptr<storage::Database> database = storage::sqlite::open_database(runtime, place.path).value();
  broker::Ports ports{*database, base::system_clock(), settings.local.ports};
  broker::Resources resources{*database, base::system_clock()};
  provider::local::LocalProvider local{runtime, supervisors, ports, resources, settings.local, std::nullopt, "offline"};
  workflow::ActionRegistry actions;

  Parts() { add_actions(actions, local, supervisors, settings); }
  ~Parts() { database->stop(); }
};

OfflineActions::OfflineActions() : parts_(std::make_unique<Parts>()) {}
OfflineActions::~OfflineActions() = default;

const workflow::ActionRegistry& OfflineActions::registry() const {
  return parts_->actions;
}

}  // namespace slipway::server
