#include "workflow/execute_script.h"

#include <fmt/format.h>

#include "net/runtime.h"
#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json::object inputs_of(std::string_view script, json::value payload = json::object()) {
  return {{"Runtime", "python3.8"}, {"Handler", "f"}, {"Script", script}, {"InputPayload", std::move(payload)}};
}

struct ExecuteScript : testing::Test {
  base::Result<json::object> run(json::object inputs) {
    return net::run_to_end(runtime, [&] {
      StepContext context;
      context.execution_id = base::ExecutionId("execution");
      context.step = "Ask";
      return action->run(std::move(context), std::move(inputs));
    });
  }

  net::Runtime runtime;
  process::Supervisors supervisors{runtime, "/proc/self/exe", std::nullopt};
  std::unique_ptr<Action> action = make_execute_script(supervisors, {.enabled = true}, {});
};

struct ExecuteScriptRun : ExecuteScript {
  void SetUp() override {
    const auto able = net::run_to_end(runtime, [&] { return try_sandbox(supervisors, {}); });
    if (!able && able.error().code == "NoNamespaces") GTEST_SKIP() << able.error().message;
    ASSERT_TRUE(able) << able.error().message;
  }
};

TEST_F(ExecuteScriptRun, the_function_gets_the_payload_and_its_result_is_the_payload) {
  const auto outputs =
      run(inputs_of("import math\n"
                    "def f(events, context):\n"
                    "  print('any text')\n"
                    "  return {'sum': sum(events['n']), 'pi': math.floor(math.pi), 'who': context['step'],\n"
                    "          'text': 'ä\\U0001F600', 'nothing': None}\n",
                    {{"n", {1, 2}}}));
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs->at("Payload").at("sum"), 3);
  EXPECT_EQ(outputs->at("Payload").at("pi"), 3);
  EXPECT_EQ(outputs->at("Payload").at("who"), "Ask");
  EXPECT_TRUE(outputs->at("Payload").at("nothing").is_null());
}

TEST_F(ExecuteScriptRun, what_it_raises_is_the_error_and_the_traceback_is_evidence) {
  const auto outputs = run(inputs_of("def g():\n  raise ValueError('too blue')\ndef f(events, context):\n  g()\n"));
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, "ScriptError");
  EXPECT_EQ(outputs.error().message, "the script failed: ValueError: too blue");
  EXPECT_THAT(outputs.error().evidence, Contains(HasSubstr("line 2, in g")));
  EXPECT_THAT(outputs.error().evidence, Contains(HasSubstr("raise ValueError('too blue')")));
}

TEST_F(ExecuteScriptRun, every_other_way_to_fail_is_told_in_its_own_words) {
  const struct {
    const char* script;
    const char* code;
    const char* words;
  } kCases[] = {
      {"def f(events, context): return {1, 2}", "ScriptError", "not JSON serializable"},
      {"def f(events, context): return float('nan')", "ScriptError", "not JSON compliant"},
      {"def g(events, context): return 1", "ScriptError", "no function 'f'"},
      {"f = 3", "ScriptError", "no function 'f'"},
      {"def f(events, context) return 1", "ScriptError", "SyntaxError"},
      {"def f(events, context): __import__('sys').exit(3)", "ScriptError", "exit code 3"},
      {"def f(events, context): return list(range(101))", "OutputTooLarge", "more than 100 elements"},
      {"def f(events, context): return {'a': [[list(range(101))]]}", "OutputTooLarge", "more than 100 elements"},
      {"def f(events, context): return 'x' * 200000", "OutputTooLarge", "longer than 100 KiB"},
      {"import os\ndef f(events, context): os.write(3, b'{'); os._exit(0)", "ScriptEnded", "no result that is JSON"},
      {"import os\ndef f(events, context): os.write(2, b'last words'); os._exit(4)", "ScriptEnded", "exit code 4"},
      {"import os\ndef f(events, context): os.write(3, b'[' * 90000); os._exit(0)", "ScriptEnded", "is JSON"},
      {"def f(events, context): return bytearray(10 << 30)", "ScriptError", "MemoryError"},
      {"def f(events, context): open('/var/lib/slipway/slipway.db')", "ScriptError", "No such file"},
      {"import urllib.request\ndef f(e, c): urllib.request.urlopen('http://127.0.0.1:1')", "ScriptError",
       "unreachable"},
  };
  for (const auto& [script, code, words] : kCases) {
    const auto outputs = run(inputs_of(script));
    ASSERT_FALSE(outputs) << script;
    EXPECT_EQ(outputs.error().code, code) << script << ": " << outputs.error().message;
    EXPECT_THAT(outputs.error().message, HasSubstr(words)) << script;
  }
}

TEST_F(ExecuteScriptRun, a_hundred_of_each_is_allowed) {
  EXPECT_TRUE(run(inputs_of("def f(events, context): return list(range(100))")));
  EXPECT_TRUE(run(inputs_of("def f(events, context): return 'x' * 100000")));
}

TEST_F(ExecuteScriptRun, at_its_time_it_is_ended) {
  action = make_execute_script(supervisors, {.enabled = true, .time_limit = std::chrono::seconds(1)}, {});
  const auto outputs = run(inputs_of("import signal\ndef f(e, c): signal.signal(15, signal.SIG_IGN); signal.pause()"));
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().kind, base::ErrorKind::timed_out);
}

TEST_F(ExecuteScript, where_scripts_are_off_nothing_runs) {
  const auto off = make_execute_script(supervisors, {}, {});
  EXPECT_THAT(off->refusal(inputs_of("")), HasSubstr("scripts.enabled"));
  const auto ran = net::run_to_end(runtime, [&] { return off->run({}, inputs_of("def f(e, c): return 1")); });
  EXPECT_EQ(ran.error().code, "ScriptRefused");
}

TEST_F(ExecuteScript, scripts_that_call_aws_are_refused_with_the_reason) {
  for (const char* script : {"import boto3\n", "  from botocore.config import Config", "import json, boto3"}) {
    EXPECT_THAT(action->refusal(inputs_of(script)), HasSubstr("calls AWS")) << script;
  }
  EXPECT_THAT(action->refusal(inputs_of("# import boto3\nx = 'boto3'\n")), IsEmpty());
}

TEST_F(ExecuteScript, powershell_and_half_a_script_are_refused_when_the_document_is_loaded) {
  const auto codes = [&](json::object inputs) {
    std::vector<std::string> all;
    for (const auto& problem : action->check(inputs)) all.push_back(problem.code);
    return all;
  };
  EXPECT_THAT(codes({{"Runtime", "PowerShell 7.0"}, {"Script", "x"}}), ElementsAre("E-RUNTIME"));
  EXPECT_THAT(codes({{"Runtime", "python2.7"}, {"Script", "x"}, {"Handler", "f"}}), ElementsAre("E-RUNTIME"));
  EXPECT_THAT(codes({{"Runtime", "python3.11"}, {"Script", "x"}}), ElementsAre("E-KEY"));
  EXPECT_THAT(codes({{"Runtime", "python3.11"}, {"Handler", "f"}}), ElementsAre("E-KEY"));
  EXPECT_THAT(codes(inputs_of("x")), IsEmpty());
  EXPECT_THAT(codes({{"Runtime", "{{ Runtime }}"}}), IsEmpty());
}

TEST_F(ExecuteScript, a_document_says_which_of_its_steps_cannot_run) {
  ActionRegistry actions;
  actions.add("aws:executeScript", make_execute_script(supervisors, {}, {}));
  const auto document = [&](std::string_view runtime) {
    return load_document("launch.yaml",
                         fmt::format("schemaVersion: '0.3'\nmainSteps:\n- name: Ask\n  action: aws:executeScript\n"
                                     "  inputs: {{Runtime: {}, Handler: f, Script: x}}\n",
                                     runtime),
                         actions);
  };
  const auto loaded = document("python3.11");
  ASSERT_TRUE(loaded.plan) << words(loaded);
  const auto runnable = check_runnable(*loaded.plan, actions);
  ASSERT_FALSE(runnable);
  EXPECT_EQ(runnable.error().code, "ActionNotAvailable");
  EXPECT_THAT(runnable.error().message, HasSubstr("launch.yaml cannot run here: step Ask, aws:executeScript: scripts"));
  EXPECT_THAT(places(document("PowerShell 7.0")), ElementsAre("E-RUNTIME 5:21 /mainSteps/0/inputs/Runtime"));
}

}  // namespace
}  // namespace slipway::workflow
