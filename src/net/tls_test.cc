#include "net/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <optional>
#include <sstream>
#include <thread>

#include "net/test_support.h"
#include "net/tls_stream.h"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

unsigned mode(const std::filesystem::path& path) {
  struct stat info{};
  ::stat(path.c_str(), &info);
  return info.st_mode & 0777;
}

class SelfSignedTest : public ::testing::Test {
 protected:
  base::Result<SelfSigned> ensure(std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"}) {
    return ensure_self_signed(folder_.path() / "tls", names, clock_);
  }
  std::string file(const std::string& name) { return read_file(folder_.path() / "tls" / name); }

  TemporaryFolder folder_;
  FakeClock clock_;
};

TEST_F(SelfSignedTest, MakesAnAuthorityAndAServerCertificateOnce) {
  auto made = ensure();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->made);
  EXPECT_EQ(mode(made->server.key), 0600U);
  EXPECT_EQ(mode(folder_.path() / "tls/ca.key"), 0600U);
  EXPECT_EQ(mode(folder_.path() / "tls"), 0700U);
  const auto certificate = file("server.pem");
  auto again = ensure();
  EXPECT_FALSE(again->made);
  EXPECT_EQ(file("server.pem"), certificate);
}

TEST_F(SelfSignedTest, RenewsTheServerCertificateWhenItIsAboutToEndAndKeepsTheAuthority) {
  ASSERT_TRUE(ensure());
  const auto authority = file("ca.pem");
  const auto certificate = file("server.pem");
  clock_.time += std::chrono::days(366);
  EXPECT_FALSE(ensure()->made);
  clock_.time += std::chrono::days(2);
  EXPECT_TRUE(ensure()->made);
  EXPECT_NE(file("server.pem"), certificate);
  EXPECT_EQ(file("ca.pem"), authority);
}

TEST_F(SelfSignedTest, RenewsTheAuthorityWhenItIsAboutToEnd) {
  ASSERT_TRUE(ensure());
  const auto authority = file("ca.pem");
  clock_.time += std::chrono::days(3630);
  EXPECT_TRUE(ensure()->made);
  EXPECT_NE(file("ca.pem"), authority);
}

TEST_F(SelfSignedTest, MakesAnotherForANameThatIsMissing) {
  ASSERT_TRUE(ensure({"localhost"}));
  EXPECT_TRUE(ensure({"localhost", "broker.example.org"})->made);
  EXPECT_FALSE(ensure({"localhost"})->made);
  EXPECT_TRUE(ensure({"localhost", "10.0.0.1"})->made);
}

TEST_F(SelfSignedTest, MendsHalvesThatDoNotFit) {
  ASSERT_TRUE(ensure());
  std::filesystem::remove(folder_.path() / "tls/server.key");
  EXPECT_TRUE(ensure()->made);
  std::ofstream(folder_.path() / "tls/server.pem") << "broken";
  EXPECT_TRUE(ensure()->made);
  std::filesystem::remove(folder_.path() / "tls/ca.key");
  EXPECT_TRUE(ensure()->made) << "a certificate of an authority that is gone is replaced with it";
}

TEST_F(SelfSignedTest, RefusesANameThatCouldNotStandInACertificate) {
  EXPECT_FALSE(ensure({"a,DNS:evil.example"}));
  EXPECT_FALSE(ensure({""}));
  EXPECT_FALSE(ensure({}));
}

TEST_F(SelfSignedTest, RefusesAFolderThatCannotBeMade) {
  EXPECT_FALSE(ensure_self_signed("/proc/nowhere/tls", {"localhost"}, clock_));
}

// A listener that shakes hands with whoever comes.
class ServerTlsTest : public ::testing::Test {
 protected:
  ServerTlsTest() : first_(self_signed(folder_.path() / "a", {"localhost"})) {}

  void serve(ServerTls& tls) {
    listener_.emplace(std::move(*TlsListener::open(runtime_, "127.0.0.1", 0)));
    loop_ = std::thread([&] {
      group_.emplace(runtime_);
      group_->spawn("accepting", [&]() -> boost::asio::awaitable<void> {
        while (!co_await listener_->accept()) {
          auto stream = std::make_shared<TlsStream>(listener_->take(tls.context()));
          group_->spawn("connection", [stream]() -> boost::asio::awaitable<void> {
            char byte = 0;
            if (!(co_await stream->shake_hands()).empty()) co_return;
            while (true) {
              const auto [error, size] = co_await stream->read_some(&byte, 1);
              if (error) co_return;
              co_await stream->write_some(&byte, 1);
            }
          });
        }
      });
      runtime_.run();
    });
  }
  ~ServerTlsTest() override {
    if (!loop_.joinable()) return;
    runtime_.post([this] {
      listener_->close();
      group_->cancel();
      closer_.emplace(runtime_);
      closer_->spawn("closing", [this]() -> boost::asio::awaitable<void> {
        co_await group_->join();
        runtime_.stop();
      });
    });
    loop_.join();
    run_to_end(runtime_, [this] { return closer_->join(); });
  }
  std::string subject(const std::string& server_name) {
    return RawClient(listener_->port(), {.server_name = server_name}).subject();
  }
  base::Error refusal(const CertificateFiles& files) {
    auto loaded = ServerTls({files}).reload();
    EXPECT_FALSE(loaded);
    return loaded ? base::Error{} : loaded.error();
  }

  TemporaryFolder folder_;
  SelfSigned first_;
  Runtime runtime_{1};
  std::optional<TlsListener> listener_;
  std::optional<TaskGroup> group_;
  std::optional<TaskGroup> closer_;
  std::thread loop_;
};

TEST_F(ServerTlsTest, ShowsTheCertificateOfTheNameThatIsAskedFor) {
  const auto second = self_signed(folder_.path() / "b", {"b.example.org"});
  const auto third = self_signed(folder_.path() / "c", {"*.c.example.org"});
  ServerTls tls({first_.server, second.server, third.server});
  ASSERT_TRUE(tls.reload());
  serve(tls);
  EXPECT_EQ(subject("b.example.org"), "b.example.org");
  EXPECT_EQ(subject("x.c.example.org"), "*.c.example.org");
  EXPECT_EQ(subject("localhost"), "localhost");
  EXPECT_EQ(subject("unknown.example.org"), "localhost");
  EXPECT_EQ(subject(""), "localhost");
}

TEST_F(ServerTlsTest, SpeaksTls12And13AndNothingOlder) {
  ServerTls tls({first_.server});
  ASSERT_TRUE(tls.reload());
  serve(tls);
  EXPECT_EQ(RawClient(listener_->port()).version(), "TLSv1.3");
  EXPECT_EQ(RawClient(listener_->port(), {.server_name = "", .max_version = TLS1_2_VERSION}).version(), "TLSv1.2");
  EXPECT_THROW(RawClient(listener_->port(), {.server_name = "", .max_version = TLS1_1_VERSION}), std::runtime_error);
}

TEST_F(ServerTlsTest, ReloadsForNewConnectionsWhileOldOnesGoOn) {
  ServerTls tls({first_.server});
  ASSERT_TRUE(tls.reload());
  EXPECT_FALSE(tls.changed());
  serve(tls);
  RawClient old(listener_->port());
  EXPECT_EQ(old.subject(), "localhost");
  const auto renewed = self_signed(folder_.path() / "b", {"renewed.example.org"});
  std::filesystem::rename(renewed.server.certificate, first_.server.certificate);
  std::filesystem::rename(renewed.server.key, first_.server.key);
  EXPECT_TRUE(tls.changed());
  std::promise<bool> reloaded;
  runtime_.post([&] { reloaded.set_value(tls.reload().has_value()); });
  EXPECT_TRUE(reloaded.get_future().get());
  EXPECT_EQ(subject(""), "renewed.example.org");
  ASSERT_TRUE(old.send("x"));
  EXPECT_EQ(old.receive(), "x");
}

TEST_F(ServerTlsTest, KeepsTheOldCertificateWhenTheNewOneIsRefused) {
  ServerTls tls({first_.server});
  ASSERT_TRUE(tls.reload());
  const auto before = tls.context();
  std::ofstream(first_.server.key) << "broken";
  EXPECT_FALSE(tls.reload());
  EXPECT_EQ(tls.context(), before);
}

TEST_F(ServerTlsTest, NamesTheFileThatIsWrong) {
  const auto other = self_signed(folder_.path() / "b", {"b.example.org"});
  const auto a = first_.server;
  EXPECT_EQ(refusal({a.certificate, other.server.key}).message,
            "the key in " + other.server.key.string() + " does not fit the certificate in " + a.certificate.string());
  EXPECT_NE(refusal({"/nowhere.pem", a.key}).message.find("/nowhere.pem: No such file"), std::string::npos);
  EXPECT_NE(refusal({a.certificate, "/nowhere.key"}).message.find("/nowhere.key: No such file"), std::string::npos);
  EXPECT_EQ(refusal({a.key, a.key}).message, "there is no PEM certificate in " + a.key.string());
  EXPECT_EQ(refusal({a.certificate, a.certificate}).message,
            "there is no PEM key without a password in " + a.certificate.string());
}

TEST(ClientTls, RefusesACaFileWithoutACertificate) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "ca.pem") << "nothing";
  EXPECT_NE(make_client_tls(folder.path() / "ca.pem").error().message.find("no PEM certificate"), std::string::npos);
  EXPECT_NE(make_client_tls(folder.path() / "none.pem").error().message.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace slipway::net
