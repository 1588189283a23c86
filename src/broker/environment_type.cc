#include "broker/environment_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "workflow/parameters.h"
#include "workflow/problem.h"

namespace slipway::broker {

namespace json = boost::json;

namespace {

std::shared_ptr<const workflow::Plan> find_plan(const EnvironmentType::Plans& plans, std::string_view name) {
  const auto found = plans.find(name);
  return found == plans.end() ? nullptr : found->second;
}

// Whether the parameter exists, given the values of those before it.
base::Result<bool> holds(const workflow::Declaration& declaration, const json::object& values) {
  if (!declaration.when) return true;
  const workflow::Identity nobody;
  return workflow::evaluate(*declaration.when, {.identity = nobody, .now = {}, .parameters = &values});
}

// Binds one after the other, since conditions look at values that stand above them.
class Binder {
 public:
  Binder(const EnvironmentType& type, const TypeConfiguration* configuration, const json::object& given)
      : type_(type), configuration_(configuration), given_(given) {}

  base::Result<json::object> bind() {
    for (const auto& member : given_) {
      if (type_.find_parameter(member.key()) == nullptr) {
        wrong_.push_back(fmt::format("{} is no parameter of {}", base::excerpt(member.key()), type_.name));
      }
    }
    for (const auto& declaration : type_.parameters) bind_one(declaration);
    if (wrong_.empty()) return std::move(values_);
    return base::invalid(fmt::format("Parameters: {}.", base::join(wrong_, "; ")), "parameters");
  }

 private:
  void bind_one(const workflow::Declaration& declaration) {
    const auto& parameter = declaration.parameter;
    const auto* own = given_.if_contains(parameter.name);
    const auto wanted = holds(declaration, values_);
    if (!wanted) return wrong_.push_back(fmt::format("{}: {}", parameter.name, wanted.error().message));
    if (!*wanted) {
      if (own != nullptr) {
        wrong_.push_back(fmt::format("{} is not asked for with these values, only where {}; leave it out",
                                     parameter.name, boost::json::serialize(declaration.condition)));
      }
      return;
    }
    const auto* value = own;
    if (value == nullptr && configuration_ != nullptr) value = configuration_->parameters.if_contains(parameter.name);
    const bool fallen_back = value == nullptr;
    if (fallen_back && parameter.fallback) value = &*parameter.fallback;
    if (value == nullptr) return wrong_.push_back(parameter.name + " is missing");
    for (const auto& violation : workflow::violations(parameter, *value, fallen_back)) {
      wrong_.push_back(fmt::format("{}: {}", parameter.name, violation));
    }
    values_[parameter.name] = *value;
  }

  const EnvironmentType& type_;
  const TypeConfiguration* configuration_;
  const json::object& given_;
  json::object values_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::string_view to_string(EndAction action) {
  return action == EndAction::stop ? "stop" : "terminate";
}

std::vector<std::string_view> type_operations() {
  return {"launch", "start", "connect", "stop", "terminate"};
}

const workflow::Declaration* EnvironmentType::find_parameter(std::string_view wanted) const {
  const auto found = std::ranges::find(parameters, wanted, [](const auto& one) { return one.parameter.name; });
  return found == parameters.end() ? nullptr : &*found;
}

const TypeConfiguration* EnvironmentType::find_configuration(std::string_view wanted) const {
  const auto found = std::ranges::find(configurations, wanted, &TypeConfiguration::name);
  return found == configurations.end() ? nullptr : &*found;
}

std::shared_ptr<const workflow::Plan> EnvironmentType::document(std::string_view provider,
                                                                std::string_view operation) const {
  const auto found = documents.find(provider);
  return found == documents.end() ? nullptr : find_plan(found->second.operations, operation);
}

std::shared_ptr<const workflow::Plan> EnvironmentType::child(std::string_view provider, std::string_view wanted) const {
  const auto found = documents.find(provider);
  return found == documents.end() ? nullptr : find_plan(found->second.children, wanted);
}

std::chrono::minutes EnvironmentType::idle_after(const json::object& values) const {
  if (!idle) return std::chrono::minutes(0);
  const workflow::Identity nobody;
  const auto minutes = workflow::resolve(idle->after, {.identity = nobody, .now = {}, .parameters = &values});
  return std::chrono::minutes(minutes && minutes->is_int64() ? minutes->get_int64() : 0);
}

base::Result<json::object> bind_parameters(const EnvironmentType& type, std::string_view configuration,
                                           json::object given) {
  const auto* chosen = type.find_configuration(configuration);
  if (chosen == nullptr && !configuration.empty()) {
    std::vector<std::string> names;
    for (const auto& known : type.configurations) names.push_back(known.name);
    const auto hint = workflow::suggestion(configuration, {names.begin(), names.end()});
    return base::invalid(
        fmt::format("{} has no configuration {}{} There {}.", type.name, base::excerpt(configuration),
                    hint.empty() ? "." : hint, names.empty() ? "is none" : "are " + base::join(names, ", ")),
        "configuration");
  }
  return Binder(type, chosen, given).bind();
}

boost::json::object document_parameters(const workflow::Plan& plan, const boost::json::object& parameters,
                                        const boost::json::object& outputs) {
  boost::json::object chosen;
  for (const auto& parameter : plan.parameters) {
    if (const auto* value = parameters.if_contains(parameter.name)) {
      chosen[parameter.name] = *value;
      continue;
    }
    const auto output =
        std::ranges::find_if(outputs, [&](const auto& member) { return output_key(member.key()) == parameter.name; });
    if (output != outputs.end() && !output->value().is_null()) chosen[parameter.name] = output->value();
  }
  return chosen;
}

}  // namespace slipway::broker
