#include "cli/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "cli/api_command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string id;
  std::string environment;
  std::string state;
  std::string comment;
  std::string step;
  std::string outputs;
};

std::string path_of(const std::string& id, std::string_view rest = {}) {
  return fmt::format("/slipway/v1/executions/{}{}", base::percent_encode(id), rest);
}

base::Result<ExitCode> list(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  Call call{.method = "GET", .path = "/slipway/v1/executions"};
  if (!options.environment.empty()) call.query.emplace_back("environment", options.environment);
  if (!options.state.empty()) call.query.emplace_back("state", options.state);
  auto executions = TRY(client.all_pages(call, "executions"));
  Table table({"ID", "ENVIRONMENT", "KIND", "STATE", "STEP", "CREATED", "FAILURE"});
  View view;
  for (const auto& one : executions) {
    table.add({text_at(one, "/id"), text_at(one, "/environment"), text_at(one, "/kind"), text_at(one, "/state"),
               text_at(one, "/step"), readable_time(text_at(one, "/createdAt")), text_at(one, "/failure/code")});
    view.names.push_back(text_at(one, "/id"));
  }
  view.table = table.text();
  view.data = boost::json::object{{"executions", std::move(executions)}};
  context.show(view, options.settings);
  return ExitCode::ok;
}

base::Result<ExitCode> show(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto execution = TRY(client.call({.method = "GET", .path = path_of(options.id)}));
  const auto id = text_at(execution, "/id");
  auto text = fmt::format("{} {} of {}: {}\n", text_at(execution, "/kind"), id, text_at(execution, "/document"),
                          text_at(execution, "/state"));
  Table table({"STEP", "ACTION", "STATE", "ATTEMPTS", "STARTED", "ENDED", "CHILD", "FAILURE"});
  for (const auto& step : items_at(execution, "/steps")) {
    table.add({text_at(step, "/name"), text_at(step, "/action"), text_at(step, "/state"), text_at(step, "/attempts"),
               readable_time(text_at(step, "/startedAt")), readable_time(text_at(step, "/endedAt")),
               text_at(step, "/child"), text_at(step, "/failure/message")});
  }
  text += table.text();
  context.show({.data = std::move(execution), .table = std::move(text), .names = {id}}, options.settings);
  return ExitCode::ok;
}

// What a person says to one: the last part of the path.
struct Word {
  const char* word;
  const char* help;
  bool has_step = false;
  bool has_outputs = false;
};
constexpr Word kWords[] = {
    {.word = "cancel", .help = "Tell one to stop; its step's onCancel runs"},
    {.word = "complete", .help = "Let the current step finish and begin no other"},
    {.word = "approve", .help = "Approve a step that waits for it"},
    {.word = "reject", .help = "Reject a step that waits for approval"},
    {.word = "resume", .help = "Go on with one that pauses"},
    {.word = "retry", .help = "Call a held step again, or do one that has ended again", .has_step = true},
    {.word = "skip", .help = "Go on behind a held step as if it had succeeded"},
    {.word = "adopt", .help = "Say that a held step has succeeded", .has_outputs = true},
    {.word = "fail", .help = "Say that a held step has failed"},
};

// A cancellation may have to wait: for the step that was told to stop, or is to finish.
std::string state_of(const boost::json::value& execution) {
  auto state = text_at(execution, "/state");
  const bool under_way = !text_at(execution, "/cancelledAt").empty() && text_at(execution, "/endedAt").empty();
  if (!under_way || state == "Cancelling") return state;
  return state + (text_at(execution, "/completing") == "true" ? ", and begins no further step"
                                                              : ", and ends when its step has stopped");
}

// What a cancellation has left, since it undoes nothing. Empty where that is nothing.
std::string what_is_left(const boost::json::value& execution) {
  constexpr std::size_t kMostLines = 10;
  const auto& resources = items_at(execution, "/resources");
  if (resources.empty()) return {};
  std::string text = "Nothing is undone. Its environment still has:\n";
  for (std::size_t i = 0; i < std::min(resources.size(), kMostLines); ++i) {
    text += fmt::format("  {} {}\n", text_at(resources[i], "/kind"), text_at(resources[i], "/locator"));
  }
  if (resources.size() > kMostLines) text += fmt::format("  and {} more\n", resources.size() - kMostLines);
  return text + fmt::format("`slipway env terminate {}` removes it.\n", text_at(execution, "/environmentId"));
}

bool takes_words(const Word& word) {
  return std::string_view(word.word) != "cancel" && std::string_view(word.word) != "complete";
}

base::Result<ExitCode> say(const Context& context, const Options& options, const Word& word) {
  Call call{.method = "POST", .path = path_of(options.id, fmt::format("/{}", word.word))};
  boost::json::object body;
  if (!options.comment.empty()) body["comment"] = options.comment;
  if (!options.step.empty()) body["step"] = options.step;
  if (!options.outputs.empty()) {
    body["outputs"] = TRY(read_yaml_file(options.outputs)).to_json();
  }
  if (!body.empty()) call.body = std::move(body);
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call(call));
  const auto id = text_at(answer, "/id");
  auto text =
      fmt::format("{}: {}. Follow it with `slipway why {}`.\n{}", id, state_of(answer), id, what_is_left(answer));
  context.show({.data = std::move(answer), .table = std::move(text), .names = {id}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_execution(Command& root, const Context& context) {
  auto group = root.add("execution", "List, look at and steer runs of automation documents");
  auto declare = declare_in<Options>(group, context);
  const auto one = [](Command& command, Options& options) {
    command.argument("ID", options.id, "Its id, or its environment's name or id", {.completes = Completes::executions});
  };
  declare(
      "list", "List the executions, newest first",
      [](Command& command, Options& options) {
        command.option("--environment", options.environment, "Only those of this environment",
                       {.placeholder = "NAME", .variable = "-", .completes = Completes::environments});
        command.option("--state", options.state, "Only those in this state, such as Waiting or Failed",
                       {.placeholder = "STATE", .variable = "-"});
      },
      list);
  declare("show", "Show one with its steps", one, show);
  for (const auto& word : kWords) {
    const auto arguments = [&](Command& command, Options& options) {
      one(command, options);
      const auto option = [&](const char* name, std::string& value, const char* help, Completes completes) {
        command.option(name, value, help, {.variable = "-", .completes = completes});
      };
      if (takes_words(word)) option("--comment", options.comment, "Why; kept in the journal", Completes::nothing);
      if (word.has_step) option("--step", options.step, "Where a new execution begins", Completes::nothing);
      if (word.has_outputs)
        option("--outputs", options.outputs, "File of its outputs (YAML or JSON)", Completes::files);
    };
    declare(word.word, word.help, arguments,
            [&word](const Context& asked, const Options& options) { return say(asked, options, word); });
  }
}

}  // namespace slipway::cli
