#include "cli/events.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <ostream>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace slipway::cli {

namespace {

constexpr std::chrono::seconds kAgainAfter{2};  // what the broker asks for, too

struct Options {
  Settings settings;
  std::string environment;
  std::string named;  // the same, as an option
  std::string since;
};

// Of text/event-stream what the broker writes: whole lines "field: value", an empty one ends an event.
class Reader {
 public:
  Reader(const Context& context, const Options& options) : context_(context), options_(options) {}

  void take(std::string_view bytes) {
    rest_ += bytes;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      line(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
    context_.out.flush();
  }

  // A connection that was lost may have ended inside an event.
  void begin_again() { rest_ = id_ = kind_ = data_ = {}; }
  const std::string& last_id() const { return last_; }

 private:
  void line(std::string_view text) {
    if (text.starts_with("id: ")) id_ = text.substr(4);
    if (text.starts_with("event: ")) kind_ = text.substr(7);
    if (text.starts_with("data: ")) data_ = text.substr(6);
    if (!text.empty()) return;
    // Only now: an event that is cut off is to come again.
    if (!id_.empty()) last_ = id_;
    if (!data_.empty()) show();
    id_ = kind_ = data_ = {};
  }

  void show() {
    boost::system::error_code failed;
    const auto event = boost::json::parse(data_, failed);
    if (failed || !event.is_object()) return;
    if (options_.settings.output != "table") {
      // One a line: a stream has no end that a larger form could wait for.
      auto whole = event.get_object();
      whole["id"] = last_;
      whole["type"] = kind_;
      context_.out << boost::json::serialize(whole) << '\n';
      return;
    }
    context_.out << fmt::format("{}  {}  {}\n", readable_time(text_at(event, "/at")), text_at(event, "/environment"),
                                what(event));
  }

  std::string what(const boost::json::value& event) const {
    // The broker tells it as an event of the step that was the last one, which it says nothing about.
    if (text_at(event, "/event") == "Ended") {
      return fmt::format("{} ended: {}", text_at(event, "/kind"), text_at(event, "/text"));
    }
    auto text = kind_;
    for (const auto* pointer : {"/status", "/reason", "/step", "/event", "/line", "/text", "/message", "/warning"}) {
      if (auto part = text_at(event, pointer); !part.empty()) text += " " + part;
    }
    return text;
  }

  const Context& context_;
  const Options& options_;
  std::string rest_;
  std::string last_;
  std::string id_;
  std::string kind_;
  std::string data_;
};

// Goes on after a restart of the broker where it left off.
base::Result<ExitCode> follow(const Context& context, const Options& options) {
  const auto& environment = options.environment.empty() ? options.named : options.environment;
  if (!options.named.empty() && options.named != environment) {
    return wrong_line("ENV and --environment name two environments; events are followed of one, or of all.");
  }
  auto client = TRY(context.connect(options.settings));
  Reader reader(context, options);
  for (bool connected = false;;) {
    Call call{.method = "GET", .path = "/slipway/v1/events"};
    if (!environment.empty()) call.query.emplace_back("environment", environment);
    if (!options.since.empty()) call.query.emplace_back("since", options.since);
    if (!reader.last_id().empty()) call.headers.emplace_back("Last-Event-ID", reader.last_id());
    call.on_body = [&](std::string_view bytes) {
      connected = true;
      reader.take(bytes);
    };
    const auto ended = client.call(call);
    if (!ended && (!connected || !ended.error().retryable())) return ended.error();
    reader.begin_again();
    if (context.pause(kAgainAfter)) continue;
    // Nobody wants to copy ids from every line.
    if (!reader.last_id().empty()) context.err << fmt::format("Go on from here with --since {}\n", reader.last_id());
    return ExitCode::interrupted;
  }
}

}  // namespace

void add_events(Command& root, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("events", "Show what happens, as it happens, until Ctrl-C");
  command.option("ENV", options->environment, "Only what is about this environment: its name or id",
                 {.completes = Completes::environments});
  command.option("--environment", options->named, "The same",
                 {.placeholder = "NAME", .variable = "-", .completes = Completes::environments});
  command.option(
      "--since", options->since,
      "Begin in the past: 10m (ago), a time such as 2026-01-31T10:00:00Z, or behind an event's id, as -o json shows it",
      {.placeholder = "TIME|ID", .variable = "-"});
  add_settings(command, options->settings);
  command.run([&context, options] { return follow(context, *options); });
}

}  // namespace slipway::cli
