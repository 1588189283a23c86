// Attachments of a document.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr std::string_view kScript = "aws:executeScript";
constexpr std::size_t kMostFiles = 5;
constexpr std::int64_t kLargestFileBytes = 256LL * 1024 * 1024;

void read_file(const YamlNode::Member& member, const std::string& pointer, Reading& reading) {
  Fields file(member.value, pointer, "file " + member.key, reading.problems);
  if (member.key.empty() || member.key.find('/') != std::string::npos) {
    reading.problems.add("E-NAME", pointer, member.mark,
                         fmt::format("'{}' is no file name", base::excerpt(member.key)));
  }
  const auto size = file.integer("size", 0, INT64_MAX);
  if (size && *size > kLargestFileBytes) file.problem("E-LIMIT", "size", "a file is at most 256 MiB long");
  const auto* checksums = file.find("checksums");
  const auto* sha256 = checksums == nullptr ? nullptr : checksums->find("sha256");
  const bool good = sha256 != nullptr && sha256->text.size() == 64 &&
                    std::ranges::all_of(sha256->text, [](unsigned char c) { return std::isxdigit(c); });
  if (!good && member.value.is_mapping()) {
    file.problem("E-KEY", "checksums", "a file needs checksums: {sha256: 64 hexadecimal digits}");
  }
  file.refuse_rest();
  reading.plan.files.push_back({member.key, good ? base::lower(sha256->text) : std::string()});
}

void read_each_file(const YamlNode& node, Fields& fields, Reading& reading) {
  if (!node.is_mapping()) return fields.problem("E-TYPE", "files", "files must be a mapping by file name");
  if (node.members.size() > kMostFiles) {
    fields.problem("E-LIMIT", "files", fmt::format("more than {} files", kMostFiles));
  }
  for (const auto& member : node.members) read_file(member, "/files/" + pointer_part(member.key), reading);
  if (std::ranges::find(reading.plan.steps, kScript, &Step::action) == reading.plan.steps.end()) {
    fields.problem("E-KEY", "files", "files are for aws:executeScript only, and no step is one");
  }
}

}  // namespace

void read_files(Fields& fields, Reading& reading) {
  const auto* node = fields.find("files");
  if (node != nullptr) read_each_file(*node, fields, reading);
  for (const auto& step : reading.plan.steps) {
    const auto* attachment = step.inputs.if_contains("Attachment");
    if (step.action != kScript || attachment == nullptr || !attachment->is_string()) continue;
    const std::string_view name = attachment->get_string();
    if (name.find("{{") != name.npos ||
        std::ranges::find(reading.plan.files, name, &File::name) != reading.plan.files.end())
      continue;
    reading.problems.add("E-REF", step.pointer + "/inputs/Attachment", step.mark,
                         fmt::format("there is no file '{}' in files", base::excerpt(name)));
  }
}

}  // namespace slipway::workflow
