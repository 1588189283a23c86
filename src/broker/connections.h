#pragma once
// Ways into environments: what a client is given, through the broker where the type has an endpoint, and where the
// broker itself reaches the program. Owned by the environments service; used by surfaces. On the I/O thread. Knows no
// HTTP.

#include <string>

#include "base/clock.h"
#include "broker/cause.h"
#include "broker/connection.h"
#include "broker/environment_cache.h"
#include "broker/providers.h"
#include "broker/tickets.h"
#include "broker/types.h"
#include "net/runtime.h"
#include "storage/database.h"
#include "workflow/action.h"

namespace slipway::broker {

class Connections {
 public:
  // What it works with; all of it outlives it.
  struct Services {
    net::Runtime& runtime;
    storage::Database& database;
    const base::Clock& clock;
    const TypeRegistry& types;
    const workflow::ActionRegistry& actions;
    const Providers& providers;
    EnvironmentCache& cache;
  };
  explicit Connections(Services services);

  // How clients reach this broker: what URLs of connections begin with, without a last slash. Before the first
  // connection.
  void set_public_url(std::string url) { public_url_ = std::move(url); }
  const std::string& public_url() const { return public_url_; }

  // Runs the type's connect document and gives what a client needs; nothing of it is stored. Errors: conflict where the
  // environment is not available; invalid where its type has no such document; those of the document's steps;
  // timed_out; not_found.
  net::Task<ClientConnection> connect(base::EnvironmentId id, Cause cause);
  // How the broker reaches the HTTP server of the environment's program. Errors: as connect(), and invalid where its
  // type has no endpoint.
  net::Task<Endpoint> endpoint(base::EnvironmentId id);
  // What lets a client in to an endpoint: connect() puts one into each URL that leads through the broker.
  Tickets& tickets() { return tickets_; }

 private:
  // Available, or the error that says why not.
  base::Result<EnvironmentPtr> available(const base::EnvironmentId& id);
  // The URL that leads `who` to what `own`, a URL of the environment's endpoint, names.
  base::Result<boost::json::value> through_the_broker(const base::EnvironmentId& id, const std::string& who,
                                                      const boost::json::value& own);

  const Services services_;
  std::string public_url_;
  Tickets tickets_;
};

}  // namespace slipway::broker
