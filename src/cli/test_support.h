#pragma once
// A command line with everything around it replaced: a server of prepared answers, an environment, a terminal that is a
// string. For the tests of this folder.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace slipway::cli {

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "slipway-cli-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string write(const std::string& name, const std::string& text) const {
    auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

struct CommandRun {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// `run(words)` is one command line against a local broker whose answers are prepared with `answer`.
class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    folder_.write("endpoint", "https://127.0.0.1:8443\n");
    folder_.write("credentials", "[default]\naws_access_key_id = AKIALOCAL\naws_secret_access_key = local-secret\n");
  }

  // `request`: "GET /v3/clusters", without the query. Several answers are given in turn, the last one again and again.
  void answer(const std::string& request, int status, const std::string& body) {
    answers_[request].push_back({.status = status, .headers = {}, .body = body});
  }

  CommandRun run(std::vector<std::string> words) {
    std::ostringstream out, err;
    Context context{.out = out,
                    .err = err,
                    .out_is_terminal = terminal_,
                    .err_is_terminal = false,
                    .variables = [this](const std::string& name) -> std::optional<std::string> {
                      auto found = variables_.find(name);
                      if (found == variables_.end()) return std::nullopt;
                      return found->second;
                    },
                    .transport = [this](const Connection& connection) -> base::Result<Transport> {
                      connection_ = connection;
                      return Transport([this](const WireRequest& request) { return exchange(request); });
                    },
                    .pause = [this](std::chrono::milliseconds) { return pauses_until_interrupt_-- > 0; }};
    ::setenv("SLIPWAY_DATA_DIR", folder_.path().c_str(), 1);
    int exit_code = run_words(words, "1.2.3", context, {});
    return {exit_code, out.str(), err.str()};
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> variables_;
  bool terminal_ = false;
  int pauses_until_interrupt_ = 1'000'000;
  Connection connection_;              // of the last command
  std::vector<WireRequest> requests_;  // all so far

 private:
  base::Result<WireResponse> exchange(const WireRequest& request) {
    requests_.push_back(request);
    auto path = request.url.substr(request.url.find('/', 8));
    auto& prepared = answers_[request.method + " " + path.substr(0, path.find('?'))];
    if (prepared.empty()) return WireResponse{.status = 404, .headers = {}, .body = R"({"message":"no such route"})"};
    auto answer = prepared.front();
    if (prepared.size() > 1) prepared.erase(prepared.begin());
    if (request.on_body && answer.status / 100 == 2) request.on_body(std::exchange(answer.body, {}));
    return answer;
  }

  std::map<std::string, std::vector<WireResponse>> answers_;
};

}  // namespace slipway::cli
