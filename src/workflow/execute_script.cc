#include "workflow/execute_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "workflow/script_program.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::string_view kInterpreter = "/usr/bin/python3";
constexpr std::size_t kLongestResult = 100 << 10;
constexpr std::size_t kLongestList = 100;
constexpr std::size_t kMostLines = 20;

std::string_view text_of(const json::object& inputs, std::string_view name) {
  const auto* value = inputs.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

bool is_reference(std::string_view text) {
  return text.find("{{") != std::string_view::npos;
}

// Every documented 3.x is the interpreter that is installed.
bool is_python(std::string_view runtime) {
  constexpr std::string_view kPrefix = "python3.";
  if (!runtime.starts_with(kPrefix)) return false;
  const auto number = runtime.substr(kPrefix.size());
  return !number.empty() && number.size() <= 3 &&
         std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string runtime_words(std::string_view runtime) {
  if (base::lower(runtime).starts_with("powershell")) {
    return fmt::format("the Runtime '{}' does not run here: Slipway runs Python alone", runtime);
  }
  return fmt::format("the Runtime '{}' is none that runs here; name a Python, such as python3.11", runtime);
}

// The AWS library that the script imports; empty: none.
std::string_view aws_library(std::string_view script) {
  for (const auto line : base::split(script, '\n')) {
    const auto statement = base::trim(line);
    if (!statement.starts_with("import ") && !statement.starts_with("from ")) continue;
    for (const std::string_view library : {"boto3", "botocore"}) {
      if (statement.find(library) != std::string_view::npos) return library;
    }
  }
  return {};
}

base::Error script_error(std::string message, std::string code) {
  base::Error error = base::internal(std::move(message));
  error.code = std::move(code);
  return error;
}

std::vector<std::string> last_lines(const process::Supervisors::Output& output) {
  std::vector<std::string> lines;
  for (const auto* stream : {&output.out, &output.err}) {
    for (const auto line : base::split(*stream, '\n')) {
      if (!base::trim(line).empty()) lines.emplace_back(line.substr(0, 500));
    }
  }
  if (lines.size() > kMostLines) lines.erase(lines.begin(), lines.end() - kMostLines);
  return lines;
}

bool has_long_list(const json::value& value) {
  if (const auto* list = value.if_array()) {
    return list->size() > kLongestList || std::ranges::any_of(*list, has_long_list);
  }
  const auto* object = value.if_object();
  return object != nullptr &&
         std::ranges::any_of(*object, [](const auto& member) { return has_long_list(member.value()); });
}

// What a script wrote to its result descriptor; it may be anything.
base::Result<json::object> read_result(const process::Supervisors::ConfinedOutput& ran) {
  if (ran.result.size() > kLongestResult) {
    return script_error(fmt::format("the script's result is longer than {} KiB", kLongestResult >> 10),
                        "OutputTooLarge");
  }
  boost::system::error_code failed;
  const auto result = json::parse(ran.result, failed);
  if (ran.result.empty() || failed || !result.is_object()) {
    const int code = ran.output.exit_code;
    const auto how =
        code > 128 ? fmt::format("was ended by signal {}", code - 128) : fmt::format("ended with exit code {}", code);
    auto error = script_error(fmt::format("the script {} and gave no result that is JSON", how), "ScriptEnded");
    error.evidence = last_lines(ran.output);
    return error;
  }
  return result.get_object();
}

base::Result<json::object> payload_of(const process::Supervisors::ConfinedOutput& ran) {
  const auto result = TRY(read_result(ran));
  if (const auto* payload = result.if_contains("payload")) {
    if (!has_long_list(*payload)) return json::object{{"Payload", *payload}};
    return script_error(fmt::format("the script's result holds a list of more than {} elements", kLongestList),
                        "OutputTooLarge");
  }
  const auto why = text_of(result, "error");
  auto error =
      script_error(fmt::format("the script failed: {}", why.empty() ? "it does not say why" : why), "ScriptError");
  error.evidence = last_lines(ran.output);
  if (const auto* trace = result.if_contains("trace"); trace != nullptr && trace->is_array()) {
    for (const auto& line : trace->get_array()) {
      if (line.is_string()) error.evidence.emplace_back(std::string_view(line.get_string()).substr(0, 500));
    }
  }
  if (error.evidence.size() > kMostLines)
    error.evidence.erase(error.evidence.begin(), error.evidence.end() - kMostLines);
  return error;
}

process::Spec command() {
  return {.command = {std::string(kInterpreter), "-I", "-B", "-c", kScriptProgram},
          .environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/tmp"}, {"TMPDIR", "/tmp"}, {"LANG", "C.UTF-8"}}};
}

process::Sandbox sandbox_of(const ScriptSettings& settings, const std::vector<std::filesystem::path>& hidden) {
  return {.hidden = hidden,
          .memory_bytes = settings.memory_limit,
          .files_bytes = settings.files_limit,
          .processes = settings.processes,
          .descriptors = settings.descriptors,
          .output_bytes = settings.output_limit,
          .result_bytes = kLongestResult,
          .cpu = std::chrono::ceil<std::chrono::seconds>(settings.time_limit)};
}

class ExecuteScript final : public Action {
 public:
  ExecuteScript(process::Supervisors& supervisors, ScriptSettings settings, std::vector<std::filesystem::path> hidden)
      : supervisors_(supervisors), settings_(settings), sandbox_(sandbox_of(settings, hidden)) {}

  EffectClass effect_class(const json::object&) const override { return EffectClass::unsafe; }
  Inputs inputs() const override {
    return {.required = {"Runtime"}, .optional = {"Handler", "InputPayload", "Script", "Attachment"}};
  }
  std::vector<std::string_view> outputs() const override { return {"Payload"}; }
  bool selects_outputs() const override { return true; }
  std::chrono::seconds default_timeout() const override {
    return std::chrono::ceil<std::chrono::seconds>(settings_.time_limit);
  }

  std::vector<InputProblem> check(const json::object& inputs) const override {
    const auto runtime = text_of(inputs, "Runtime");
    if (is_reference(runtime)) return {};
    if (!is_python(runtime)) return {{.code = "E-RUNTIME", .input = "Runtime", .message = runtime_words(runtime)}};
    std::vector<InputProblem> problems;
    if (!inputs.contains("Handler")) {
      problems.push_back({.code = "E-KEY", .input = "", .message = "a Python script needs the input 'Handler'"});
    }
    if (inputs.contains("Script") == inputs.contains("Attachment")) {
      problems.push_back({.code = "E-KEY", .input = "", .message = "a script needs one of 'Script' and 'Attachment'"});
    }
    return problems;
  }

  std::string refusal(const json::object& inputs) const override {
    if (inputs.contains("Attachment")) return "scripts of attachments do not run here; put the text into Script";
    if (const auto library = aws_library(text_of(inputs, "Script")); !library.empty()) {
      return fmt::format("its script calls AWS ({}), and scripts have no network here; call it with aws:executeAwsApi",
                         library);
    }
    if (!settings_.enabled) return "scripts of documents are off; the setting scripts.enabled allows them";
    return {};
  }

  net::Task<json::object> run(StepContext context, json::object inputs) override {
    if (auto why = refusal(inputs); !why.empty()) co_return base::unavailable(std::move(why), "ScriptRefused");
    const auto runtime = text_of(inputs, "Runtime");
    if (!is_python(runtime)) {
      auto error = base::invalid(runtime_words(runtime), "Runtime");
      error.code = "E-RUNTIME";
      co_return error;
    }
    json::object request{
        {"script", text_of(inputs, "Script")},
        {"handler", text_of(inputs, "Handler")},
        {"events", json::object()},
        {"context", {{"automation:EXECUTION_ID", context.execution_id.str()}, {"step", context.step}}}};
    if (auto* payload = inputs.if_contains("InputPayload")) request["events"] = std::move(*payload);
    auto sandbox = sandbox_;
    sandbox.input = json::serialize(request);
    co_return payload_of(
        CO_TRY(co_await supervisors_.run_confined(command(), std::move(sandbox), settings_.time_limit)));
  }

 private:
  process::Supervisors& supervisors_;
  const ScriptSettings settings_;
  const process::Sandbox sandbox_;
};

}  // namespace

void read_settings(config::Section section, ScriptSettings& settings) {
  section.read("enabled", settings.enabled);
  section.read("time_limit", settings.time_limit, std::chrono::seconds(1), std::chrono::minutes(10));
  section.read_bytes("memory_limit", settings.memory_limit, 64 << 20, std::size_t{1} << 40);
  section.read_bytes("files_limit", settings.files_limit, 1 << 20, std::size_t{1} << 40);
  section.read_bytes("output_limit", settings.output_limit, 1 << 10, 16 << 20);
  section.read("processes", settings.processes, 1, 10'000);
  section.read("descriptors", settings.descriptors, 16, 65'536);
}

std::unique_ptr<Action> make_execute_script(process::Supervisors& supervisors, ScriptSettings settings,
                                            std::vector<std::filesystem::path> hidden) {
  return std::make_unique<ExecuteScript>(supervisors, settings, std::move(hidden));
}

net::Task<void> try_sandbox(process::Supervisors& supervisors, ScriptSettings settings) {
  auto sandbox = sandbox_of(settings, {});
  sandbox.input = R"({"script": "def f(events, context): return 1", "handler": "f", "events": {}, "context": {}})";
  const auto ran = CO_TRY(co_await supervisors.run_confined(command(), std::move(sandbox), std::chrono::seconds(60)));
  CO_TRY(payload_of(ran));
  co_return base::Result<void>{};
}

}  // namespace slipway::workflow
