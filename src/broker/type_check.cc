// What only the whole folder shows: values against parameters, documents against type.yaml.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/stream_parser.hpp>

#include "base/text.h"
#include "broker/type_reading.h"
#include "workflow/documents.h"
#include "workflow/parameters.h"
#include "workflow/transient.h"

namespace slipway::broker {

using workflow::Fields;
using workflow::Plan;
using workflow::Step;
using workflow::Type;

namespace {

bool gives(const Plan& plan, std::string_view key) {
  return std::ranges::any_of(plan.outputs, [&](const auto& output) { return output_key(output.name) == key; });
}

// Whether its results may hold more than its outputs: those of a stack or a product's record.
bool asks_aws(const Plan& plan) {
  return std::ranges::any_of(plan.steps, [](const Step& step) {
    return step.kind == Step::Kind::action && step.action.starts_with("aws:") && step.action != "aws:executeScript";
  });
}

void check_values(Fields& fields, std::string_view key, const boost::json::object& values, const TypeReading& reading) {
  for (const auto& [name, value] : values) {
    const auto* known = reading.type.find_parameter(name);
    if (known == nullptr) {
      fields.problem("E-PARAMETER", key, fmt::format("{} is no parameter of the type", base::excerpt(name)));
      continue;
    }
    for (const auto& violation : workflow::violations(known->parameter, value)) {
      fields.problem("E-PARAMETER", key, fmt::format("{}: {}", base::excerpt(name), violation));
    }
  }
}

// {"type": "link", "hrefKey": "url"} of each #{...}.
void check_instruction(const Connection& connection, Fields& fields) {
  const std::string_view text = connection.instruction;
  for (auto at = text.find("#{"); at != std::string_view::npos; at = text.find("#{", at + 1)) {
    boost::system::error_code failed;
    boost::json::stream_parser parser;
    parser.write_some(text.data() + at + 1, text.size() - at - 1, failed);
    if (failed || !parser.done()) {
      fields.problem("E-CONNECTION", "instruction",
                     R"(what follows # is no JSON object such as {"type":"link","hrefKey":"url","text":"Open"})");
      continue;
    }
    const auto placeholder = parser.release();
    const auto* key = placeholder.get_object().if_contains("hrefKey");
    const auto name = key == nullptr ? std::string() : workflow::to_text(*key);
    if (std::ranges::find(connection.keys, name, &ConnectionKey::name) == connection.keys.end()) {
      fields.problem("E-CONNECTION", "instruction",
                     fmt::format("a placeholder's hrefKey, '{}', is no key of the connection", base::excerpt(name)));
    }
  }
}

void check_connection(const base::YamlNode& node, TypeReading& reading) {
  const auto& connection = *reading.type.connection;
  Fields fields(node, "/connection", "connection", reading.problems);
  bool documented = false;
  for (const auto& [provider, documents] : reading.type.documents) {
    const auto plan = reading.type.document(provider, "connect");
    documented = documented || plan != nullptr || reading.unread.contains({provider, "connect"});
    if (plan == nullptr) continue;
    for (const auto& key : connection.keys) {
      if (gives(*plan, key.name)) continue;
      fields.problem("E-CONNECTION", "keys", fmt::format("{} gives no output {}", plan->name, base::excerpt(key.name)));
    }
  }
  for (const auto& key : connection.keys) {
    if (!key.proxied || reading.type.endpoint) continue;
    fields.problem("E-CONNECTION", "keys", fmt::format("{} is proxied, which needs endpoint", base::excerpt(key.name)));
  }
  if (!documented) fields.problem("E-CONNECTION", "", "no provider has a connect document");
  check_instruction(connection, fields);
}

void check_instance(const base::YamlNode& node, TypeReading& reading) {
  Fields fields(node, "/instance", "instance", reading.problems);
  for (const auto& [provider, documents] : reading.type.documents) {
    const auto plan = reading.type.document(provider, "launch");
    if (plan == nullptr || asks_aws(*plan)) continue;
    for (const auto* key : {"id", "arn", "role"}) {
      const auto name = fields.text(key);
      if (!name || gives(*plan, *name)) continue;
      fields.problem("E-INSTANCE", key, fmt::format("{} gives no output {}", plan->name, base::excerpt(*name)));
    }
  }
}

void check_idle(const base::YamlNode& node, TypeReading& reading) {
  Fields fields(node, "/idle", "idle", reading.problems);
  if (!reading.type.idle->http.empty() && !reading.type.endpoint) {
    fields.problem("E-IDLE", "activity",
                   "what is asked over HTTP needs endpoint: it says where, and with which secret");
  }
  const auto& after = reading.type.idle->after;
  if (!after.is_string()) return;
  const auto pieces = workflow::split_references(after.get_string());
  const auto* reference = pieces && pieces->size() == 1 ? std::get_if<workflow::Reference>(&pieces->front()) : nullptr;
  const bool parameter = reference != nullptr && reference->kind == workflow::Reference::Kind::parameter;
  const auto* known = parameter ? reading.type.find_parameter(reference->name) : nullptr;
  if (known != nullptr && known->parameter.type == Type::integer) return;
  fields.problem("E-IDLE", "after", "after is a number of minutes, or one reference to an Integer parameter");
}

// What stops or terminates by itself needs the document for it.
void check_ends(Fields& root, TypeReading& reading) {
  const auto needs_stop = [&](std::string_view section) {
    for (const auto& [provider, documents] : reading.type.documents) {
      if (documents.operations.contains("stop") || reading.unread.contains({provider, "stop"})) continue;
      root.problem("E-DOCUMENT", section,
                   fmt::format("{} is to stop, but {} has no stop document", section, base::excerpt(provider)));
    }
  };
  if (reading.type.idle && reading.type.idle->action == EndAction::stop) needs_stop("idle");
  if (reading.type.time_to_live.action == EndAction::stop) needs_stop("timeToLive");
}

// A step that names a document which the type does not have would fail only when it is reached. One that is listed and
// cannot be read has problems of its own.
void check_children(const EnvironmentType::Documents& documents, const std::string& provider, TypeReading& reading,
                    Fields& root) {
  const auto& listed = reading.children[provider];
  const auto check = [&](const Plan& plan) {
    for (const auto& step : plan.steps) {
      const auto* name = step.kind == Step::Kind::child ? step.inputs.if_contains("DocumentName") : nullptr;
      if (name == nullptr || !name->is_string() || name->get_string().find("{{") != std::string_view::npos) continue;
      const auto wanted = workflow::document_base_name(name->get_string());
      if (listed.contains(wanted)) continue;
      root.problem(
          "E-DOCUMENT", "documents",
          fmt::format("the step {} of {} executes {}, which is no child: list its file in documents.{}.children",
                      step.name, plan.name, base::excerpt(wanted), base::excerpt(provider)));
    }
  };
  for (const auto& [operation, plan] : documents.operations) check(*plan);
  for (const auto& [name, plan] : documents.children) check(*plan);
}

void check_configurations(const base::YamlNode& node, TypeReading& reading) {
  for (const auto& configuration : reading.type.configurations) {
    const auto* value = node.find(configuration.name);
    Fields fields(*value, "/configurations/" + workflow::pointer_part(configuration.name), "configuration",
                  reading.problems);
    check_values(fields, "parameters", configuration.parameters, reading);
  }
}

void check_test(const base::YamlNode& node, TypeReading& reading) {
  const auto& test = reading.type.test;
  Fields fields(node, "/test", "test", reading.problems);
  check_values(fields, "parameters", test.parameters, reading);
  if (!test.configuration.empty() && reading.type.find_configuration(test.configuration) == nullptr) {
    fields.problem("E-NAME", "configuration",
                   fmt::format("there is no configuration {}", base::excerpt(test.configuration)));
  }
}

}  // namespace

std::string_view output_key(std::string_view output) {
  const auto dot = output.rfind('.');
  return dot == std::string_view::npos ? output : output.substr(dot + 1);
}

void check_document(const Plan& plan, std::string_view operation, const Plan* launch, Fields& provider,
                    TypeReading& reading) {
  const auto wrong = [&](std::string_view code, std::string message) {
    provider.problem(std::string(code), operation, fmt::format("{} {}", plan.name, message));
  };
  for (const auto& parameter : plan.parameters) {
    const auto* known = reading.type.find_parameter(parameter.name);
    // What a launch put out its later documents may ask for.
    const bool put_out = launch != nullptr && operation != "launch" && gives(*launch, parameter.name);
    if (known == nullptr) {
      if (parameter.fallback || put_out) continue;
      wrong("E-PARAMETER", fmt::format("asks for the parameter {}, which type.yaml does not declare", parameter.name));
    } else if (known->parameter.type != parameter.type) {
      wrong("E-PARAMETER",
            fmt::format("declares the parameter {} as {}, type.yaml as {}", parameter.name,
                        workflow::to_string(parameter.type), workflow::to_string(known->parameter.type)));
    } else if (known->when && !parameter.fallback) {
      wrong("E-PARAMETER", fmt::format("needs a default for the parameter {}: type.yaml asks for it only where its "
                                       "condition holds",
                                       parameter.name));
    }
  }
  if (operation != "connect") return;
  const auto fits = workflow::check_transient(plan);
  if (!fits) provider.problem("E-CONNECT", operation, fits.error().message);
}

void check_type(const base::YamlNode& root, Fields& fields, TypeReading& reading) {
  const auto with = [&](std::string_view key, auto check) {
    const auto* node = root.find(key);
    if (node != nullptr && node->is_mapping()) check(*node, reading);
  };
  with("configurations", check_configurations);
  with("test", check_test);
  with("connection", check_connection);
  with("instance", check_instance);
  with("idle", check_idle);
  check_ends(fields, reading);
  for (const auto& [provider, documents] : reading.type.documents) check_children(documents, provider, reading, fields);
}

}  // namespace slipway::broker
