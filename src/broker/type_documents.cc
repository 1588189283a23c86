// The documents of a type, by provider and operation.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "broker/type_reading.h"
#include "workflow/document.h"

namespace slipway::broker {

using workflow::Fields;

namespace {

std::shared_ptr<const workflow::Plan> load(const std::string& file, const std::string& text, TypeReading& reading) {
  // The name is the one that executions are pinned to: it holds no path of this machine.
  auto loaded = workflow::load_document(fmt::format("{}/{}", reading.type.name, file), text, reading.actions);
  for (auto& problem : loaded.problems) reading.others.push_back(std::move(problem));
  return loaded.plan;
}

// launch.yaml is called launch.
std::string base_name(const std::string& file) {
  const auto slash = file.rfind('/');
  const auto name = slash == std::string::npos ? file : file.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

void read_children(Fields& provider, std::string_view provider_name, TypeReading& reading,
                   EnvironmentType::Plans& children) {
  const auto* node = provider.find("children");
  if (node == nullptr) return;
  if (!node->is_sequence()) return provider.problem("E-TYPE", "children", "children must be a list of files");
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const auto& item = node->items[i];
    const auto wrong = [&](std::string code, std::string message) {
      reading.problems.add(std::move(code), fmt::format("{}/{}", provider.pointer("children"), i), item.mark,
                           std::move(message));
    };
    const auto* text = reading.files.find(item.text);
    reading.children[std::string(provider_name)].insert(base_name(item.text));
    if (text == nullptr) {
      wrong("E-FILE", fmt::format("there is no file {} in the folder", base::excerpt(item.text)));
    } else if (children.contains(base_name(item.text))) {
      wrong("E-NAME", fmt::format("another child is called {} too", base::excerpt(base_name(item.text))));
    } else if (auto plan = load(item.text, *text, reading)) {
      children.emplace(base_name(item.text), std::move(plan));
    }
  }
}

}  // namespace

void read_documents(Fields& root, TypeReading& reading) {
  each_member(root, "documents", "provider", reading.problems, [&](const auto& member, Fields& provider) {
    EnvironmentType::Documents documents;
    for (const auto operation : type_operations()) {
      const auto* text = reading.file(provider, operation);
      auto plan = text == nullptr ? nullptr : load(member.value.find(operation)->text, *text, reading);
      if (plan) {
        documents.operations.emplace(operation, std::move(plan));
      } else if (provider.find(operation) != nullptr) {
        reading.unread.emplace(member.key, operation);
      }
    }
    const auto launch = documents.operations.find("launch");
    for (const auto& [operation, plan] : documents.operations) {
      check_document(*plan, operation, launch == documents.operations.end() ? nullptr : launch->second.get(), provider,
                     reading);
    }
    for (const auto* needed : {"launch", "terminate"}) {
      if (member.value.is_mapping() && member.value.find(needed) == nullptr) {
        provider.problem("E-DOCUMENT", "",
                         fmt::format("provider {} has no {} document", base::excerpt(member.key), needed));
      }
    }
    read_children(provider, member.key, reading, documents.children);
    reading.type.documents.emplace(member.key, std::move(documents));
  });
  if (reading.type.documents.empty()) {
    root.problem("E-DOCUMENT", "documents", "documents is missing: name a launch and a terminate document");
  }
}

}  // namespace slipway::broker
