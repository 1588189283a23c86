#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/ids.h"
#include "net/byte_stream.h"
#include "process/account.h"
#include "provider/local/test_support.h"

namespace slipway::provider::local::programs {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;

// One environment, as the documents of types/process make it.
struct Programs : MachineTest {
  Programs() {
    tables.of_cluster = false;
    environment.status = broker::Status::available;
  }

  base::Result<json::object> start(std::string script, std::string port = "0") {
    return act("local:startProcess", {{"Program", "/bin/sh"},
                                      {"Arguments", json::array{"-c", std::move(script)}},
                                      {"Environment", json::object{{"PORT", std::move(port)}}}});
  }
  std::string read(const std::filesystem::path& path) const {
    std::ostringstream text;
    text << std::ifstream(folder() / path).rdbuf();
    return text.str();
  }
  std::filesystem::path folder() const { return paths().directory; }
  // "KIND STATE" of what is on record, by kind.
  std::vector<std::string> recorded() {
    std::vector<std::string> all;
    const auto rows = storage::resources_of(database->reader(), environment.id).value();
    for (const auto& row : rows) all.push_back(row.kind + " " + row.state);
    return all;
  }
};

TEST_F(Programs, APathThatLeadsOutIsRefused) {
  act("local:makeFolder").value();
  for (const auto* path : {"../other", "/etc/passwd", "a/../../b"}) {
    const auto wrote = act("local:writeFile", {{"Path", path}, {"Content", "x"}});
    ASSERT_FALSE(wrote) << path;
    EXPECT_EQ(wrote.error().code, "PathOutside") << path;
  }
  std::filesystem::create_directory_symlink(place, folder() / "link");
  EXPECT_EQ(act("local:writeFile", {{"Path", "link/file"}, {"Content", "x"}}).error().code, "PathOutside");
}

TEST_F(Programs, AFileIsWrittenWithItsModeAndParents) {
  act("local:makeFolder", {{"Path", "work"}}).value();
  for (int twice = 0; twice < 2; ++twice) {
    act("local:writeFile", {{"Path", "etc/sub/conf"}, {"Content", "text"}, {"Mode", "640"}}).value();
  }
  struct stat info = {};
  ASSERT_EQ(::stat((folder() / "etc/sub/conf").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  EXPECT_EQ(act("local:writeFile", {{"Path", "x"}, {"Content", ""}, {"Mode", "999"}}).error().code, "BadInput");
}

TEST_F(Programs, ASecretIsMadeOnceAndItsValueIsNoOutput) {
  act("local:makeFolder").value();
  const auto made = act("local:newSecret", {{"Name", "token"}}).value();
  const auto value = std::string(act("local:readSecret", {{"Name", "token"}}).value().at("Value").as_string());
  EXPECT_EQ(value.size(), 64u);
  EXPECT_THAT(json::serialize(made), testing::Not(HasSubstr(value)));
  act("local:newSecret", {{"Name", "token"}}).value();
  EXPECT_EQ(act("local:readSecret", {{"Name", "token"}}).value().at("Value").as_string(), value);
  struct stat info = {};
  ASSERT_EQ(::stat(std::string(made.at("File").as_string()).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(act("local:readSecret", {{"Name", "../token"}}).error().code, "BadName");
  EXPECT_EQ(act("local:readSecret", {{"Name", "other"}}).error().code, "NoSecret");
}

TEST_F(Programs, WhatADurableExecutionPutsOutIsNeverASecret) {
  act("local:makeFolder").value();
  act("local:newSecret", {{"Name", "token"}}).value();
  workflow::StepContext context;
  context.execution_id = base::ExecutionId("0190-execution");
  context.environment_id = environment.id;
  const auto refused = run([&] { return actions->find("local:readSecret")->run(context, {{"Name", "token"}}); });
  EXPECT_EQ(refused.error().code, "OnlyToConnect");
}

TEST_F(Programs, AProgramIsStartedOnceAnswersAndIsGoneAfterTheEnd) {
  act("local:makeFolder").value();
  const auto port = std::to_string(act("local:reservePort").value().at("Port").to_number<int>());
  const auto* script = "exec /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT";
  start(script, port).value();
  act("local:waitForHttp", {{"Port", port}, {"Path", "/"}}).value();
  const auto first = pid_of("main");
  start(script, port).value();
  restart();
  start(script, port).value();
  EXPECT_EQ(pid_of("main"), first);
  const auto shown = provider->instances(environment);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].state, "running");
  EXPECT_EQ(shown[0].problem, "");
  const auto url = act("local:connectionUrl", {{"Path", "/a"}, {"Query", json::object{{"t", "x y"}}}}).value();
  EXPECT_EQ(url.at("Url").as_string(), "http://127.0.0.1:" + port + "/a?t=x%20y");
  act("local:stopProcess").value();
  EXPECT_THAT(processes(), testing::IsEmpty());
  start(script, port).value();
  act("local:waitForPort", {{"Port", port}}).value();
  EXPECT_THAT(recorded(), testing::ElementsAre("folder present", "port present", "process present"));
  EXPECT_EQ(act("local:removeFolder").value().at("Removed"), true);
  EXPECT_THAT(recorded(), testing::ElementsAre("folder gone", "port gone", "process gone"));
  EXPECT_THAT(processes(), testing::IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder()));
  EXPECT_TRUE(ports->of(environment.id).value().empty());
  act("local:removeFolder").value();
}

TEST_F(Programs, OneThatDiesIsToldWithItsLastLinesAndShown) {
  act("local:makeFolder").value();
  const auto port = act("local:reservePort").value().at("Port");
  start("echo no configuration; exit 3").value();
  const auto waited = act("local:waitForPort", {{"Port", port}});
  EXPECT_EQ(waited.error().code, "ProgramDied");
  EXPECT_THAT(waited.error().message, HasSubstr("exit code 3; `slipway why` shows the last lines"));
  EXPECT_THAT(waited.error().evidence, Contains("no configuration"));
  const auto shown = provider->instances(environment);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_THAT(shown[0].problem, HasSubstr("exit code 3"));
}

TEST_F(Programs, OneThatIsKilledWhileItsEnvironmentIsAvailableComesBackAndItIsTold) {
  act("local:makeFolder").value();
  start("echo started >> starts; exec sleep 1000").value();
  provider->tend(environment);
  const auto before = pid_of("main");
  ASSERT_TRUE(until([&] { return read("starts") == "started\n"; }));
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(until([&] { return pid_of("main") > 0 && pid_of("main") != before; }));
  ASSERT_TRUE(until([&] { return read("starts") == "started\nstarted\n"; }));
  EXPECT_THAT(heard.all, testing::ElementsAre("The program main was ended by signal 9; it is started again."));
  ASSERT_TRUE(until([&] { return provider->instances(environment)[0].problem.empty(); }));
  // What is stopped stays so.
  act("local:stopProcess").value();
  EXPECT_THAT(processes(), testing::IsEmpty());
  EXPECT_EQ(heard.all.size(), 1u);
}

TEST_F(Programs, OneThatDiedWhileNoBrokerRanComesBackWithTheNextOne) {
  act("local:makeFolder").value();
  start("exec sleep 1000").value();
  ASSERT_EQ(::kill(pid_of("main"), SIGKILL), 0);
  ASSERT_TRUE(until([&] { return pid_of("main") == 0; }));
  restart();
  provider->tend(environment);
  EXPECT_TRUE(until([&] { return pid_of("main") > 0; }));
  act("local:stopProcess").value();
}

TEST_F(Programs, OneThatEndsWellStaysDown) {
  act("local:makeFolder").value();
  start("until [ -e end ]; do sleep 0.02; done").value();
  provider->tend(environment);
  act("local:writeFile", {{"Path", "end"}, {"Content", ""}}).value();
  ASSERT_TRUE(until([&] { return provider->instances(environment)[0].state == "stopped"; }));
  EXPECT_EQ(provider->instances(environment)[0].problem, "The program ended with exit code 0.");
  EXPECT_THAT(heard.all, testing::IsEmpty());
}

TEST_F(Programs, OneOfThemIsStoppedByNameAndIsNoneAnyMore) {
  act("local:makeFolder").value();
  for (const auto* name : {"main", "other"}) {
    act("local:startProcess", {{"Program", "/bin/sleep"}, {"Name", name}, {"Arguments", json::array{"1000"}}}).value();
  }
  for (int twice = 0; twice < 2; ++twice) act("local:stopProcess", {{"Name", "other"}}).value();
  const auto shown = provider->instances(environment);
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].node, "main");
  EXPECT_EQ(shown[0].state, "running");
  EXPECT_EQ(act("local:stopProcess", {{"Name", "../main"}}).error().code, "BadName");
}

TEST_F(Programs, AProgramIsInUseWhileItComputesOrSomebodyIsConnected) {
  const auto in_use = [&] {
    const auto seen = run([&] { return provider->activity(environment); }).value();
    EXPECT_TRUE(seen.known);
    return seen.busy;
  };
  act("local:makeFolder").value();
  const auto port = act("local:reservePort").value().at("Port").to_number<std::uint16_t>();
  start("while test ! -e stop; do :; done; exec /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT",
        std::to_string(port))
      .value();
  ASSERT_TRUE(until([&] { return in_use(); }));
  act("local:writeFile", {{"Path", "stop"}, {"Content", ""}}).value();
  act("local:waitForPort", {{"Port", std::to_string(port)}}).value();
  ASSERT_TRUE(until([&] { return !in_use(); }));
  auto client = run([&] { return net::connect_loopback(runtime, port); }).value();
  ASSERT_TRUE(until([&] { return in_use(); }));
  client.reset();
  EXPECT_TRUE(until([&] { return !in_use(); }));
}

TEST_F(Programs, TheEndpointIsAskedWithItsSecretAndOnlyWholeAnswersCount) {
  act("local:makeFolder").value();
  act("local:newSecret", {{"Name", "key"}}).value();
  const auto port = std::to_string(act("local:reservePort").value().at("Port").to_number<int>());
  act("local:writeFile", {{"Path", "server.py"}, {"Content", R"(
import http.server, os
key = "Bearer " + open("secret/key").read()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.headers["Authorization"] == key else 403)
        self.end_headers()
        body = {"/here": b'{"state": "busy"}', "/large": b"[" + b"1," * 600000 + b"1]"}
        self.wfile.write(body.get(self.path, b"no JSON"))
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)"}})
      .value();
  start("exec /usr/bin/python3 server.py", port).value();
  act("local:waitForPort", {{"Port", port}}).value();
  const auto ask = [&](std::string path, broker::EndpointRule rule = {.secret = "key"}) {
    return run([&] { return provider->ask(environment, rule, path); });
  };
  EXPECT_EQ(ask("/here").value().at("state").as_string(), "busy");
  EXPECT_EQ(ask("/else").error().code, "BadAnswer");
  EXPECT_EQ(ask("/large").error().code, "AnswerTooLarge");
  EXPECT_EQ(ask("/here", {}).error().code, "BadAnswer");
  EXPECT_EQ(ask("/here", {.secret = "none"}).error().code, "NoSecret");
  act("local:stopProcess").value();
  EXPECT_EQ(ask("/here").error().code, "ProgramDied") << "whoever listens there by then may be another";
}

TEST_F(Programs, AProgramThatIsNotThereIsNamed) {
  act("local:makeFolder").value();
  const auto started = act("local:startProcess", {{"Program", "/usr/bin/nothing-of-that-name"}});
  EXPECT_EQ(started.error().code, "ProgramMissing");
  EXPECT_THAT(started.error().message, HasSubstr("/usr/bin/nothing-of-that-name"));
}

TEST_F(Programs, ALimitOfMemoryHolds) {
  act("local:makeFolder").value();
  act("local:startProcess", {{"Program", "/bin/sh"},
                             {"Arguments", json::array{"-c", "ulimit -d > limit; exec sleep 1000"}},
                             {"MemoryMiB", 512}})
      .value();
  ASSERT_TRUE(until([&] { return read("limit") == "524288\n"; }));
}

TEST_F(Programs, ARequirementThatCannotBeHadIsAClearErrorAndLeavesNothingThatLooksWhole) {
  act("local:makeFolder").value();
  act("local:writeFile", {{"Path", "requirements.txt"}, {"Content", "no-hash-at-all==1\n"}}).value();
  const auto made = act("local:makeVirtualEnvironment", {{"Requirements", "requirements.txt"}});
  ASSERT_FALSE(made);
  for (const auto& entry : std::filesystem::directory_iterator(settings.environments_dir / ".venvs")) {
    EXPECT_FALSE(std::filesystem::exists(entry.path() / ".complete"));
  }
}

TEST_F(Programs, AVirtualEnvironmentIsSharedAndAHalfMadeOneIsMadeAnew) {
  const std::string requirements = "# nothing\n";
  act("local:makeFolder").value();
  act("local:writeFile", {{"Path", "requirements.txt"}, {"Content", requirements}}).value();
  const auto root = settings.environments_dir / ".venvs" / base::sha256_hex(requirements).substr(0, 24);
  process::make_folder(root, account).value();
  std::ofstream(root / "half") << "";
  const json::object inputs{{"Requirements", "requirements.txt"}};
  const auto python = act("local:makeVirtualEnvironment", inputs).value().at("Python").as_string();
  EXPECT_EQ(python, (root / "bin/python").native());
  EXPECT_TRUE(std::filesystem::exists(root / "bin/python"));
  EXPECT_FALSE(std::filesystem::exists(root / "half"));
  std::ofstream(root / "kept") << "";
  act("local:makeVirtualEnvironment", inputs).value();
  EXPECT_TRUE(std::filesystem::exists(root / "kept"));
}

TEST_F(Programs, AVirtualEnvironmentThatNobodyUsesIsSweptWhenItIsOld) {
  act("local:makeFolder").value();
  act("local:writeFile", {{"Path", "requirements.txt"}, {"Content", "# swept\n"}}).value();
  const json::object inputs{{"Requirements", "requirements.txt"}};
  act("local:makeVirtualEnvironment", inputs).value();
  const auto root = settings.environments_dir / ".venvs" / base::sha256_hex("# swept\n").substr(0, 24);
  EXPECT_THAT(provider->leftovers({}), testing::Not(Contains(root.native()))) << "it is young";
  const auto age = [&] {
    std::filesystem::last_write_time(root / ".complete",
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  };
  age();
  EXPECT_THAT(provider->leftovers({environment.id}), testing::Not(Contains(root.native()))) << "it is in use";
  EXPECT_THAT(provider->leftovers({}), Contains(root.native()));
  act("local:makeVirtualEnvironment", inputs).value();
  EXPECT_THAT(provider->leftovers({}), testing::Not(Contains(root.native()))) << "somebody asked for it again";
  ASSERT_TRUE(run([&] { return provider->remove_leftover(root.native()); }));
  EXPECT_TRUE(std::filesystem::exists(root)) << "somebody asked for it before its turn came";
  age();
  ASSERT_TRUE(run([&] { return provider->remove_leftover(root.native()); }));
  EXPECT_FALSE(std::filesystem::exists(root));
}

}  // namespace
}  // namespace slipway::provider::local::programs
