#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "observe/log.h"
#include "observe/log_file.h"
#include "observe/metrics.h"
#include "observe/trace.h"

namespace slipway::observe {
namespace {

namespace json = boost::json;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/slipway-observe-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.insert(entry.path().filename());
    return names;
  }
  std::string text() const {
    std::ostringstream all;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) all << std::ifstream(entry.path()).rdbuf();
    return all.str();
  }

 private:
  std::filesystem::path path_;
};

base::Time day(int number) {
  return base::Time(std::chrono::days(20'000 + number));
}  // day 0: 2024-10-04

// What `write` logged, a JSON value a line.
std::vector<json::value> logged(LogSettings settings, const std::function<void()>& write) {
  const TemporaryFolder folder;
  settings.directory = folder.path();
  EXPECT_TRUE(start_log(settings));
  write();
  flush_log();
  const auto text = folder.text();
  stop_log();
  std::vector<json::value> lines;
  for (const auto line : base::split(text, '\n')) {
    if (!line.empty()) lines.push_back(json::parse(line));
  }
  return lines;
}

TEST(Log, WritesOneJsonObjectALine) {
  const auto lines = logged({}, [] {
    info("listening", {{"port", 8443}, {"ready", true}, {"ms", 1.5}, {kCorrelationId, "c-1"}, {"empty", ""}});
    warning("second");
  });
  ASSERT_EQ(lines.size(), 2U);
  auto first = lines[0].as_object();
  EXPECT_EQ(first["time"].as_string().size(), 24U);
  first.erase("time");
  EXPECT_EQ(first, json::parse(R"({"level":"info","message":"listening","port":8443,"ready":true,"ms":1.5E0,
                                   "correlation_id":"c-1"})"));
  EXPECT_EQ(lines[1].at("level"), "warning");
}

TEST(Log, KeepsALineOneLineWhateverIsInIt) {
  const auto lines = logged({}, [] { info("a\nb\"c\\\x01", {{"bytes", "caf\xc3\xa9 \xff\xc3"}}); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("message"), "a\nb\"c\\\x01");
  EXPECT_EQ(lines[0].at("bytes"), "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Log, TellsTheWholeChainOfAnError) {
  const auto lines = logged({}, [] {
    auto cause = base::unavailable("no free port", "NoFreePort").with_context("starting slurmctld");
    cause.evidence = {"line 1", "line 2"};
    error("step failed", cause, {{"step", "start"}});
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("error"), "starting slurmctld: no free port");
  EXPECT_EQ(lines[0].at("kind"), "unavailable");
  EXPECT_EQ(lines[0].at("code"), "NoFreePort");
  EXPECT_EQ(lines[0].at("evidence"), "line 1\nline 2");
  EXPECT_EQ(lines[0].at("step"), "start");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const auto lines = logged({.directory = {}, .level = Level::warning}, [] {
    info("unseen");
    warning("seen");
  });
  ASSERT_EQ(lines.size(), 1U);
}

TEST(Log, LosesNothingOfWhatSeveralThreadsWrite) {
  const auto lines = logged({}, [] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i) info_soon("line", {{"i", i}});
      });
    }
  });
  EXPECT_EQ(lines.size(), 2000U);
}

TEST(Log, RefusesAFolderThatCannotBeWritten) {
  EXPECT_FALSE(start_log({.directory = "/proc/nowhere"}));
}

TEST(LogFile, BeginsANewFileEveryDayAndRemovesOldOnes) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "slipway-2024-01-01.log");
  std::ofstream(folder.path() / "slipway-notes-2024.log");
  LogFile file(folder.path(), 2);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(file.write("x\n", day(i)));
  EXPECT_EQ(folder.names(), (std::set<std::string>{"slipway-2024-10-05.log", "slipway-2024-10-06.log",
                                                   "slipway-2024-10-07.log", "slipway-notes-2024.log"}));
}

TEST(LogFile, IsReadableByItsOwnerAlone) {
  const TemporaryFolder folder;
  LogFile file(folder.path(), 2);
  ASSERT_TRUE(file.open(day(0)));
  struct stat info{};
  ASSERT_EQ(::stat((folder.path() / "slipway-2024-10-04.log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(Trace, TakesTheCallersCorrelationIdFromWhateverHeaderHasOne) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string amazon = "Sampled=1; Root=1-67891233-abcdef012345678912345678";
  EXPECT_EQ(correlation_id("mine", parent, amazon), "mine");
  EXPECT_EQ(correlation_id("", parent, amazon), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(correlation_id("", "", amazon), "1-67891233-abcdef012345678912345678");
  EXPECT_EQ(correlation_id("", "", ""), "");
}

TEST(Trace, LetsNothingMalformedIntoTheLog) {
  EXPECT_EQ(correlation_id("a b", "", ""), "");
  EXPECT_EQ(correlation_id(std::string(129, 'a'), "", ""), "");
  EXPECT_EQ(correlation_id("", "00-00000000000000000000000000000000-b7ad6b7169203331-01", ""), "");
  EXPECT_EQ(correlation_id("", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""), "");
  EXPECT_EQ(correlation_id("", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", ""), "");
  EXPECT_EQ(correlation_id("", "00-0af7651916cd43dd8448eb211c80319c", "Root=\"x\""), "");
}

TEST(Metrics, PrintsThePrometheusTextForm) {
  Metrics metrics;
  metrics.counter("slipway_requests_total", "Requests.", {{"surface", "operator"}}).add(2);
  metrics.gauge("slipway_open", "Open \"things\".").set(3);
  auto histogram = metrics.histogram("slipway_seconds", "Time.", {}, {0.1, 1});
  histogram.observe(0.05);
  histogram.observe(5);
  const auto text = metrics.print();
  for (const auto* line :
       {"# TYPE slipway_requests_total counter\n", "slipway_requests_total{surface=\"operator\"} 2\n",
        "slipway_open 3\n", "slipway_seconds_bucket{le=\"0.1\"} 1\n", "slipway_seconds_bucket{le=\"+Inf\"} 2\n",
        "slipway_seconds_count 2\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Metrics, GivesTheSameNumberForTheSameNameAndLabels) {
  Metrics metrics;
  metrics.counter("slipway_x_total", "X.").add();
  metrics.counter("slipway_x_total", "X.").add();
  EXPECT_EQ(metrics.counter("slipway_x_total", "X.").value(), 2);
  EXPECT_ANY_THROW(metrics.gauge("slipway_x_total", "X."));
}

TEST(Metrics, RefreshesBeforeItPrints) {
  Metrics metrics;
  auto gauge = metrics.gauge("slipway_g", "G.");
  int prints = 0;
  metrics.before_print([&] { gauge.set(++prints); });
  metrics.print();
  EXPECT_NE(metrics.print().find("slipway_g 2\n"), std::string::npos);
}

TEST(Metrics, KnowsItsOwnProcess) {
  Metrics metrics;
  add_process_metrics(metrics);
  metrics.print();
  EXPECT_GT(metrics.gauge("process_resident_memory_bytes", "").value(), 1e6);
  EXPECT_GE(metrics.gauge("process_open_fds", "").value(), 3);
  EXPECT_GE(metrics.gauge("process_threads", "").value(), 1);
  EXPECT_GT(metrics.gauge("process_start_time_seconds", "").value(), 1.6e9);
}

}  // namespace
}  // namespace slipway::observe
