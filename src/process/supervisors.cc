#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "process/folder_lock.h"
#include "process/helper.h"
#include "process/io.h"
#include "process/run.h"
#include "process/run_folder.h"
#include "process/supervisor.h"

namespace slipway::process {

namespace fs = std::filesystem;

namespace {

// What a supervisor gets beyond the grace, to kill and to write, before it is killed itself.
constexpr std::chrono::milliseconds kInsist{5000};

// Absolute, without dots and without a slash at its end: a folder's name is compared as text.
fs::path normal(const fs::path& folder) {
  auto path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

// A pidfd of the supervisor that lives in `folder`; empty: none does.
base::Result<Fd> open_supervisor(const RunFolder& folder) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const auto holder = TRY(lock_holder(folder.directory()));
    if (!holder) return Fd();
    Fd pidfd = open_pidfd(*holder);
    // Who holds the lock after its pid was opened is who was opened.
    if (TRY(lock_holder(folder.directory())) == holder && pidfd) return pidfd;
  }
  return base::unavailable("the process's supervisor cannot be found; does it run in another container?");
}

std::vector<std::string> last_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto line : base::split(text, '\n')) {
    if (!base::trim(line).empty()) lines.emplace_back(line.substr(0, 500));
  }
  if (lines.size() > 10) lines.erase(lines.begin(), lines.end() - 10);
  return lines;
}

// What a program is given ends at a NUL, so that one in a word would hide the rest of it.
base::Result<void> check_words(const Spec& spec) {
  const auto check = [](std::string_view what, std::string_view word) -> base::Result<void> {
    if (word.find('\0') == std::string_view::npos) return {};
    return base::invalid(fmt::format("{} '{}' has a NUL character in it, which no program can be given", what,
                                     base::excerpt(base::printable(word))));
  };
  for (const auto& word : spec.command) TRY(check("the word", word));
  for (const auto& [name, value] : spec.environment) TRY(check("the variable", name + "=" + value));
  return {};
}

base::Error not_in_time(const std::string& command, std::chrono::milliseconds timeout) {
  return base::timed_out(fmt::format("{} did not end within {} ms and was killed", command, timeout.count()));
}

}  // namespace

struct Supervisors::Impl {
  net::Runtime& runtime;
  fs::path program;
  std::optional<Account> account;

  // A job may have put a link into the path; what belongs to anybody else is no process's folder.
  base::Result<RunFolder> open(const fs::path& folder) const {
    auto files = TRY(RunFolder::open(folder));
    struct stat info = {};
    const auto owner = account ? account->uid : ::geteuid();
    if (::fstat(files.directory().get(), &info) == 0 && info.st_uid == owner) return files;
    base::Error error;
    error.kind = base::ErrorKind::forbidden;
    error.message = fmt::format("the process's folder {} belongs to another account", folder.native());
    return error;
  }

  net::Task<Helper> launch(Request request) {
    CO_TRY(check_words(request.spec));
    request.account = account;
    auto helper = CO_TRY(
        co_await net::run_blocking<Helper>(runtime, [this, &request] { return Helper::spawn(program, request); }));
    bury_at_end(runtime, helper.pidfd());
    co_return helper;
  }

  net::Task<int> sweep(fs::path folder, std::optional<Identity> also) {
    const auto helper =
        CO_TRY(co_await launch({.mode = Request::Mode::sweep, .folder = std::move(folder), .program = also}));
    const auto report = co_await helper.report(runtime);
    co_await readable(runtime, helper.pidfd());
    bury(helper.pidfd());
    co_return CO_TRY(report).count;
  }

  // Ends the supervisor, which ends all it guards.
  boost::asio::awaitable<void> end(Fd supervisor, std::chrono::milliseconds grace) {
    send_signal(supervisor, SIGTERM);
    send_signal(supervisor, SIGCONT);
    if (co_await readable(runtime, supervisor, grace + kInsist)) co_return;
    send_signal(supervisor, SIGKILL);
    co_await readable(runtime, supervisor);
  }
};

Supervisors::Supervisors(net::Runtime& runtime, fs::path program, std::optional<Account> account)
    : impl_(new Impl{.runtime = runtime, .program = std::move(program), .account = std::move(account)}) {}

Supervisors::~Supervisors() = default;

net::Task<Status> Supervisors::start(fs::path folder, Spec spec, BeforeGo before_go) {
  folder = normal(folder);
  spec.directory = folder / spec.directory;
  spec.log = spec.log.empty() ? folder / "log" : folder / spec.log;
  const auto helper =
      CO_TRY(co_await impl_->launch({.mode = Request::Mode::start, .folder = folder, .spec = std::move(spec)}));
  const auto first = CO_TRY(co_await helper.report(impl_->runtime));
  if (first.what == Report::What::prepared) {
    if (before_go) CO_TRY(co_await before_go());
    helper.go();
    CO_TRY(co_await helper.report(impl_->runtime));
  }
  co_return status(folder);
}

Status Supervisors::status(const fs::path& folder) const {
  const auto opened = impl_->open(normal(folder));
  if (opened) return opened->status();
  Status status;
  if (opened.error().kind != base::ErrorKind::not_found) status.failure = opened.error().message;
  return status;
}

base::Result<Spec> Supervisors::spec(const fs::path& folder) const {
  const auto files = TRY(impl_->open(normal(folder)));
  return files.spec();
}

net::Task<Status> Supervisors::stop(fs::path folder) {
  folder = normal(folder);
  auto opened = impl_->open(folder);
  if (!opened && opened.error().kind == base::ErrorKind::not_found) co_return Status{};
  const RunFolder files = CO_TRY(std::move(opened));
  Fd supervisor = CO_TRY(open_supervisor(files));
  const bool guarded = static_cast<bool>(supervisor);
  if (guarded) {
    const auto record = files.running();
    co_await impl_->end(std::move(supervisor), record ? record->stop_grace : Spec{}.stop_grace);
  }
  // Nobody guarded it, or left no exit.json: a supervisor was killed, or its program put something else in the place of
  // the files that tell of both.
  if ((!guarded || !files.exited()) && !CO_TRY(lock_holder(files.directory()))) {
    CO_TRY(co_await impl_->sweep(folder, files.running().value_or(RunRecord{}).program));
  }
  co_return files.status();
}

net::Task<Status> Supervisors::wait(fs::path folder) {
  folder = normal(folder);
  auto opened = impl_->open(folder);
  if (!opened && opened.error().kind == base::ErrorKind::not_found) co_return Status{};
  const RunFolder files = CO_TRY(std::move(opened));
  if (const Fd supervisor = CO_TRY(open_supervisor(files))) co_await readable(impl_->runtime, supervisor);
  co_return files.status();
}

net::Task<int> Supervisors::sweep(fs::path folder) {
  folder = normal(folder);
  if (folder == folder.root_path()) co_return base::invalid("the root folder cannot be swept");
  co_return co_await impl_->sweep(std::move(folder), std::nullopt);
}

net::Task<Supervisors::Output> Supervisors::run(Spec spec, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  if (spec.directory.empty()) spec.directory = "/";
  const auto command = spec.command.empty() ? std::string() : spec.command.front();
  auto helper = CO_TRY(co_await impl_->launch({.mode = Request::Mode::run, .spec = std::move(spec)}));
  auto ended = CO_TRY(co_await gather(impl_->runtime, std::move(helper), deadline));
  if (!ended.in_time) co_return not_in_time(command, timeout);
  co_return std::move(ended.output);
}

net::Task<Supervisors::ConfinedOutput> Supervisors::run_confined(Spec spec, Sandbox sandbox,
                                                                 std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto command = spec.command.empty() ? std::string() : spec.command.front();
  auto helper =
      CO_TRY(co_await impl_->launch({.mode = Request::Mode::run, .spec = std::move(spec), .sandbox = sandbox}));
  auto ended = CO_TRY(co_await gather(impl_->runtime, std::move(helper), deadline, &sandbox));
  if (!ended.in_time) {
    auto error = not_in_time(command, timeout);
    error.evidence = last_lines(ended.output.err.empty() ? ended.output.out : ended.output.err);
    co_return error;
  }
  co_return ConfinedOutput{.output = std::move(ended.output), .result = std::move(ended.result)};
}

}  // namespace slipway::process
