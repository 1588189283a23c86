#pragma once
// What events from outside and the results of a launch say of an environment, in the terms of its type's `status` and
// `instance` (type.yaml). Pure functions, used inside transactions. Source: Service Workbench's status handler
// (contracts/workbench.md, 4.6 and 4.7), with its mistakes made right.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "broker/environment.h"
#include "broker/environment_type.h"

namespace slipway::broker {

struct OutsideStatus {
  std::string word;            // one of status_words()
  std::string environment_id;  // one of the two may be empty
  std::string instance_id;
  std::string operation;  // Launch, Terminate; empty in events of a service
  std::string error;      // what failed, in words or JSON; empty where nothing did
};

using StatusSources = std::map<std::string, StatusSource, std::less<>>;

// `source`: as the event has it, "automation" or "aws.sagemaker". Nothing where the event means nothing here: its
// source is not in `sources`, its status is none of the words (in any letter case, after the alternates), or it names
// neither environment nor instance.
std::optional<OutsideStatus> outside_status(const StatusSources& sources, std::string_view source,
                                            const boost::json::object& detail);

Status status_of(std::string_view word);  // of status_words()

// Whether it changes an environment that stands at `stored`. What was terminated stays so; news of a launch count only
// while it is pending, however late or often they come; what is so already changes nothing.
bool changes(Status stored, const OutsideStatus& event);

// The `instance` of a version's type.yaml, from its files as the database has them; empty where there is none.
InstanceKeys instance_keys(const std::string& files);

struct InstanceFacts {
  std::string id;
  std::string arn;
  std::string role;
};

// Looks each key up in the outputs of a launch: the document's own outputs by the last part of their name, then what
// lies in them: lists of {OutputKey, OutputValue} as stacks and product records have them, and maps. Empty where
// nothing is found.
InstanceFacts instance_of(const InstanceKeys& keys, const boost::json::object& outputs);

}  // namespace slipway::broker
