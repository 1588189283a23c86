#pragma once
// What is known of AWS operations by their names alone: how a crash in the middle of a call is dealt with, and which
// calls documents may not make. Used by the loader and the declared AWS actions. Knows no AWS client and no model.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "workflow/action.h"

namespace slipway::workflow {

// One spelling of both describe_db_instances and DescribeDBInstances: "describedbinstances".
std::string operation_key(std::string_view operation);

// `service` is a boto3 client name, `operation` in either spelling, `inputs` what the document gives the call.
EffectClass effect_of(std::string_view service, std::string_view operation, const boost::json::object& inputs);

// By the operation's name: it only looks.
bool is_read(std::string_view operation);
// It makes something new, so that a repeat makes a second.
bool creates(std::string_view operation);
// Its request or its answer is a stream, which documents cannot hold.
bool is_streaming(std::string_view service, std::string_view operation);

}  // namespace slipway::workflow
