// Literal inputs of the wrong type are refused as a document is loaded, in the words of the run.

#include "provider/local/test_support.h"

namespace slipway::provider::local {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::IsEmpty;

struct Literals : MachineTest {
  std::vector<std::string> problems(std::string_view action, const json::object& inputs) {
    std::vector<std::string> all;
    for (const auto& problem : actions->find(action)->check(inputs)) {
      EXPECT_EQ(problem.code, "E-TYPE");
      all.push_back(problem.input + ": " + problem.message);
    }
    return all;
  }
};

TEST_F(Literals, OfTheWrongTypeAreRefusedWithWhatWasFound) {
  EXPECT_THAT(problems("local:startProcess", {{"Program", json::array{"a"}},
                                              {"Arguments", "text"},
                                              {"Environment", 1},
                                              {"MemoryMiB", "lots"},
                                              {"CpuSeconds", -1}}),
              ElementsAre("Program: the input Program must be a text, not '[\"a\"]'",
                          "Arguments: the input Arguments must be a list of texts, not 'text'",
                          "Environment: the input Environment must be a map, not '1'",
                          "MemoryMiB: the input MemoryMiB must be a number from 0 to 16777216, not 'lots'",
                          "CpuSeconds: the input CpuSeconds must be a number from 0 to 1073741824, not '-1'"));
  EXPECT_THAT(problems("local:writeFile", {{"Path", "a"}, {"Content", "b"}, {"Mode", 999}}),
              ElementsAre("Mode: the input Mode must be an octal number of permissions, such as 640, not '999'"));
  EXPECT_THAT(problems("local:waitForHttp", {{"Port", "abc"}, {"Path", "ready"}, {"Status", 99}, {"Name", "a b"}}),
              testing::SizeIs(4));
  EXPECT_THAT(problems("local:reservePort", {{"Count", 0}}), testing::SizeIs(1));
  EXPECT_THAT(problems("local:connectionUrl", {{"Query", "a"}}), testing::SizeIs(1));
  EXPECT_THAT(problems("local:slurmPrepare", {{"Configuration", "small"}}), testing::SizeIs(1));
}

TEST_F(Literals, ThatSayWhatIsMeantAndReferencesPass) {
  EXPECT_THAT(problems("local:startProcess", {{"Program", "/bin/true"},
                                              {"Arguments", json::array{1, true}},
                                              {"Environment", json::object{{"A", 1}}},
                                              {"MemoryMiB", "64"},
                                              {"Name", 1}}),
              IsEmpty());
  EXPECT_THAT(
      problems("local:startProcess", {{"Program", "{{ P }}"}, {"Arguments", "{{ P }}"}, {"MemoryMiB", "{{ P }}"}}),
      IsEmpty());
  EXPECT_THAT(problems("local:writeFile", {{"Path", "a"}, {"Content", json::object{{"b", 1}}}, {"Mode", "0640"}}),
              IsEmpty());
}

TEST_F(Literals, AreRefusedInTheWordsOfTheRun) {
  const auto ran = act("local:startProcess", {{"Program", "/bin/true"}, {"MemoryMiB", "lots"}});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, "BadInput");
  EXPECT_EQ(ran.error().message, "the input MemoryMiB must be a number from 0 to 16777216, not 'lots'");
}

}  // namespace
}  // namespace slipway::provider::local
