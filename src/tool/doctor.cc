#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "cli/output.h"
#include "tool/commands.h"
#include "tool/finding.h"

namespace slipway::tool {

namespace {

namespace json = boost::json;

// Marks and indents instead of columns: remedies are long.
std::string text_of(const std::vector<Finding>& findings, std::size_t problems) {
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{:<8} {:<14} {}\n", to_string(finding.level), finding.check, finding.what);
    if (!finding.remedy.empty()) text += fmt::format("{:<23} -> {}\n", "", finding.remedy);
  }
  if (problems == 0) return text + "\nThis machine is in order.\n";
  return text + fmt::format("\n{} {} to be mended.\n", problems, problems == 1 ? "thing needs" : "things need");
}

cli::View view_of(const std::vector<Finding>& findings, std::size_t problems) {
  cli::View view;
  json::array list;
  for (const auto& finding : findings) {
    list.push_back({{"check", finding.check},
                    {"level", to_string(finding.level)},
                    {"finding", finding.what},
                    {"remedy", finding.remedy}});
    if (finding.level == Level::problem) view.names.push_back(finding.check);
  }
  view.table = text_of(findings, problems);
  view.data = json::object{{"findings", std::move(list)}, {"problems", problems}};
  return view;
}

base::Result<cli::ExitCode> doctor(const cli::Context& context, const DoctorOptions& options) {
  std::vector<Finding> findings = check_programs();
  for (auto& finding : check_machine(options)) findings.push_back(std::move(finding));
  for (auto& finding : check_broker(context, options)) findings.push_back(std::move(finding));
  std::size_t problems = 0;
  for (const auto& finding : findings) problems += finding.level == Level::problem ? 1 : 0;
  context.show(view_of(findings, problems), options.settings);
  return problems == 0 ? cli::ExitCode::ok : cli::ExitCode::error;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::note:
      return "note";
    case Level::warning:
      return "warning";
    case Level::problem:
      return "problem";
  }
  return "";
}

void add_doctor(cli::Command& root, const cli::Context& context) {
  auto options = std::make_shared<DoctorOptions>();
  auto command = root.add("doctor", "Check this machine and the broker on it, and say what to do");
  command.option("--listen", options->listen, "Where the broker listens, or shall listen",
                 {.placeholder = "ADDRESS:PORT"});
  command.option("--first-port", options->first_port, 1024, 65535, "First port that clusters may take",
                 {.placeholder = "PORT", .variable = "SLIPWAY_LOCAL_FIRST_PORT"});
  command.option("--last-port", options->last_port, 1024, 65535, "Last port that clusters may take",
                 {.placeholder = "PORT", .variable = "SLIPWAY_LOCAL_LAST_PORT"});
  cli::add_settings(command, options->settings);
  command.footer("Exit code 1 where something needs to be mended; with -o name, the names of those checks.");
  command.run([&context, options] { return doctor(context, *options); });
}

}  // namespace slipway::tool
