#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "base/text.h"
#include "cli/output.h"
#include "cli/text_file.h"
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

struct Options {
  cli::Settings settings;
  std::string listen;
  std::string config_file;
};

// As the broker reads them, so that doctor looks where the broker would. A mistake is a finding; its default stays.
base::Result<server::Settings> broker_settings(const Options& options, std::vector<Finding>& findings) {
  config::Sources sources{
      .file_text = {}, .file_name = options.config_file, .environment = config::slipway_environment(), .overrides = {}};
  if (!options.config_file.empty()) sources.file_text = TRY(cli::read_text_file(options.config_file));
  if (!options.listen.empty()) sources.overrides["listen"] = options.listen;
  config::Reader reader(std::move(sources));
  auto settings = server::read_settings(reader, std::filesystem::absolute(cli::data_dir_of(options.settings)));
  if (auto read = reader.finish(); !read) {
    for (auto mistake : base::split(base::trim(read.error().message), '\n')) {
      findings.push_back({"settings", Level::problem, std::string(mistake), "the broker does not start before"});
    }
  }
  return settings;
}

base::Result<cli::ExitCode> doctor(const cli::Context& context, const Options& options) {
  std::vector<Finding> findings;
  auto settings = TRY(broker_settings(options, findings));
  for (auto& finding : check_programs(settings.local)) findings.push_back(std::move(finding));
  for (auto& finding : check_machine(settings)) findings.push_back(std::move(finding));
  findings.push_back(check_scripts(settings));
  for (auto& finding : check_broker(context, options.settings, settings)) findings.push_back(std::move(finding));
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
  auto options = std::make_shared<Options>();
  auto command = root.add("doctor", "Check this machine and the broker on it, and say what to do");
  command.option("--listen", options->listen, "Where the broker listens, or shall listen",
                 {.placeholder = "ADDRESS:PORT"});
  command.option("--config", options->config_file, "The broker's settings, a YAML file",
                 {.placeholder = "FILE", .completes = cli::Completes::files});
  cli::add_settings(command, options->settings);
  command.footer("Exit code 1 where something needs to be mended; with -o name, the names of those checks.");
  command.run([&context, options] { return doctor(context, *options); });
}

}  // namespace slipway::tool
