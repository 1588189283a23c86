#pragma once
// The actions that documents may use: all that this program has, for the broker and for who only reads documents.

#include <memory>

#include "provider/local/local_provider.h"
#include "server/settings.h"
#include "workflow/action.h"

namespace slipway::server {

// All references must outlive the registry.
void add_actions(workflow::ActionRegistry& actions, provider::local::LocalProvider& local,
                 process::Supervisors& supervisors, const Settings& settings);

// The same actions without a broker: none of them is run. For commands that check folders of types.
class OfflineActions {
 public:
  OfflineActions();
  ~OfflineActions();
  const workflow::ActionRegistry& registry() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway::server
