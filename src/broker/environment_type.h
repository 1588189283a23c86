#pragma once
// What the folder of an environment type says: how such a thing is asked for, lives, is reached and ends. Made by
// type_reader.h from one version of the folder, never changed afterwards. Used by the environments service, providers
// and surfaces. Knows no provider but by name, and no type.
//
// type.yaml, every key shown, all but name and documents optional:
//   name: jupyter                  the folder's name
//   title: Jupyter notebook        one line for people
//   description: ...               Markdown
//   icon: icon.svg                 a file of the folder
//   parameters:                    what a launch is given: as a document's, and title and when
//     IdleMinutes: {type: Integer, default: 60, minValue: 0, title: ...}
//     Extra: {type: String, default: '', when: {Variable: '{{ Mode }}', StringEquals: full}}
//   configurations:                named sets of values
//     SMALL: {title: Small, description: ..., parameters: {MemoryMiB: 512}}
//   documents:                     by provider, then by operation; file names of this folder
//     local: {launch: launch.yaml, terminate: terminate.yaml, start: .., stop: .., connect: .., children: [x.yaml]}
//   data:                          tables that providers and surfaces read; file names of this folder
//     instance-types: instance-types.yaml
//   connection:
//     keys: {url: {title: Notebook, secret: true, proxied: true}}     outputs of connect.yaml, in order
//     instruction: 'To open it, use #{"type":"link","hrefKey":"url","text":"Notebook"}'
//   endpoint: {secret: token, authorization: Bearer, prefix: true}     the program's HTTP server, as the broker uses it
//   status:                        by source of events; or ../shared/FILE.yaml that holds the mapping
//     sagemaker: {status: NotebookInstanceStatus, instance: NotebookInstanceName, alternates: {InService: COMPLETED}}
//   instance: {id: NotebookInstanceName, arn: NotebookArn, role: EnvironmentInstanceRoleArn}
//   idle:                          without activity, its provider tells what is in use
//     after: '{{ IdleMinutes }}'
//     action: stop
//     activity: {http: [{path: /api/status, last: last_activity}, {path: /api/tasks, busy: {select: '$..state', equals:
//     busy}}]}
//   timeToLive: {default: 7d, most: 30d, warn: 1h, action: terminate}
//   test: {configuration: SMALL, parameters: {}, keeps: notes/kept.txt}

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/declarations.h"
#include "workflow/plan.h"
#include "workflow/selector.h"

namespace slipway::broker {

// A named set of values. Chosen at launch; values given besides win over it.
struct TypeConfiguration {
  std::string name;
  std::string title;
  std::string description;
  boost::json::object parameters;
};

struct ConnectionKey {
  std::string name;  // an output of connect.yaml
  std::string title;
  bool secret = false;   // shown to who connects, written nowhere
  bool proxied = false;  // the endpoint's own URL there; a client gets one that leads through the broker
};

struct Connection {
  std::vector<ConnectionKey> keys;
  std::string instruction;  // with placeholders #{...}, which pass through unchanged
};

// The HTTP server of an environment's program, on its first port: what the broker reaches for those who connect, and
// asks for an idle rule.
struct EndpointRule {
  std::string secret;                    // of the environment, by its name (local:newSecret); empty: needs none
  std::string authorization = "Bearer";  // the header it is sent in: `Authorization: Bearer SECRET`
  bool prefix = false;  // its paths begin with connect_path(environment); else that is taken away from them
};

// How events of one source speak. Places in `detail` are member names, with dots where they lie deeper.
struct StatusSource {
  std::string status;
  std::string instance;                                        // empty: events carry no instance id
  std::map<std::string, std::string, std::less<>> alternates;  // in lower case, to one of status_words()
};

// Which results of a launch tell the instance; each may be empty.
struct InstanceKeys {
  std::string id;
  std::string arn;
  std::string role;
};

enum class EndAction { stop, terminate };
std::string_view to_string(EndAction action);

// What the broker asks the endpoint of an environment, to know whether it is in use. At least one of the selectors.
struct HttpQuestion {
  std::string path;                        // behind the endpoint's prefix, with a query where it needs one
  std::optional<workflow::Selector> last;  // in the JSON of the answer: when it was last in use, or several such times
  std::optional<workflow::Selector> busy;  // what is `equals`, or has one that is, while it is in use
  boost::json::value equals;
};

struct IdleRule {
  boost::json::value after = 0;  // minutes, or a text that is one reference to an Integer parameter; 0: never
  EndAction action = EndAction::stop;
  std::vector<HttpQuestion> http;  // none: its provider tells
};

struct TimeToLive {
  std::optional<std::chrono::milliseconds> otherwise;  // `default`; without one it lives until it is ended
  std::optional<std::chrono::milliseconds> most;
  std::chrono::milliseconds warn{0};
  EndAction action = EndAction::terminate;
};

// What a test of the type launches.
struct TypeTest {
  std::string configuration;
  boost::json::object parameters;
  std::string keeps;  // a file in the environment's folder that a stop must leave; empty: none
};

struct EnvironmentType {
  using Plans = std::map<std::string, std::shared_ptr<const workflow::Plan>, std::less<>>;
  struct Documents {
    Plans operations;  // launch and terminate always; start, stop and connect where the type has them
    Plans children;    // what aws:executeAutomation may start, by the file's name without its extension
  };

  std::string name;
  int version = 0;     // 0: not (yet) a version in the database
  std::string sha256;  // of the folder's content
  std::string title;
  std::string description;
  std::string icon;                                         // a file of the folder
  std::vector<workflow::Declaration> parameters;            // in the order of the file
  std::vector<TypeConfiguration> configurations;            // in the order of the file
  std::map<std::string, Documents, std::less<>> documents;  // by provider
  std::map<std::string, boost::json::object, std::less<>> data;
  std::optional<Connection> connection;
  std::optional<EndpointRule> endpoint;
  std::map<std::string, StatusSource, std::less<>> status;  // by source
  InstanceKeys instance;
  std::optional<IdleRule> idle;
  TimeToLive time_to_live;
  TypeTest test;

  const workflow::Declaration* find_parameter(std::string_view name) const;  // null where there is none
  const TypeConfiguration* find_configuration(std::string_view name) const;  // null where there is none
  // The document, or null where the type has none for this provider and operation, or child.
  std::shared_ptr<const workflow::Plan> document(std::string_view provider, std::string_view operation) const;
  std::shared_ptr<const workflow::Plan> child(std::string_view provider, std::string_view name) const;
  // Minutes without activity after which `idle` acts, for an environment with these parameters; 0: never.
  std::chrono::minutes idle_after(const boost::json::object& parameters) const;
};

using TypePtr = std::shared_ptr<const EnvironmentType>;

// The name of an output by itself: of "Step.Output" the last part.
std::string_view output_key(std::string_view output);
// The operations a provider may have documents for, in the order of a life.
std::vector<std::string_view> type_operations();
// The words that an event's status may come to, as Service Workbench has them: PENDING, COMPLETED (outside_status.cc).
std::vector<std::string_view> status_words();

// The parameters of a launch: `given` over those of `configuration` (a name, or empty) over the defaults. A parameter
// with a condition that does not hold has no value. Errors: invalid, with every unknown, missing, unwanted and wrong
// one in one message.
base::Result<boost::json::object> bind_parameters(const EnvironmentType& type, std::string_view configuration,
                                                  boost::json::object given);

// What a document of an environment is given: of its parameters those that the document declares, and of what its
// launch put out those that bear the name of one that it has no value for.
boost::json::object document_parameters(const workflow::Plan& plan, const boost::json::object& parameters,
                                        const boost::json::object& outputs);

}  // namespace slipway::broker
