#include "process/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "process/folder_lock.h"
#include "process/json.h"
#include "process/message.h"

namespace slipway::process {

namespace json = boost::json;

namespace {

constexpr char kSpec[] = "spec.json";
constexpr char kRunning[] = "running.json";
constexpr char kExit[] = "exit.json";
constexpr std::size_t kRecordLimitBytes = 64 << 10;
constexpr std::size_t kSpecLimitBytes = 4 << 20;
constexpr std::chrono::hours kLongestGrace{24};
constexpr base::Time kYear10000{std::chrono::milliseconds(253'402'300'800'000)};

std::string to_json(const RunRecord& record) {
  json::object object{{"run_id", record.run_id},
                      {"phase", static_cast<int>(record.phase)},
                      {"supervisor", identity_to_object(record.supervisor)},
                      {"started_at_ms", record.started_at.time_since_epoch().count()},
                      {"stop_grace_ms", record.stop_grace.count()}};
  if (record.program) object["program"] = identity_to_object(*record.program);
  if (record.exit_code) object["exit_code"] = *record.exit_code;
  if (record.exit_signal) object["exit_signal"] = *record.exit_signal;
  if (!record.failure.empty()) object["failure"] = record.failure;
  return json::serialize(object);
}

// What the program may have written itself must not reach arithmetic, nor make a stop wait for ever.
bool is_plausible(const RunRecord& record) {
  using enum RunRecord::Phase;
  return record.phase >= starting && record.phase <= ending && record.stop_grace >= std::chrono::milliseconds(0) &&
         record.stop_grace <= kLongestGrace && record.started_at >= base::Time() && record.started_at < kYear10000;
}

base::Result<RunRecord> parse_record(std::string_view text) {
  return parse_object<RunRecord>("the record", text, [](const json::object& object) {
    using std::chrono::milliseconds;
    RunRecord record{.run_id = text_of(object, "run_id"),
                     .phase = static_cast<RunRecord::Phase>(object.at("phase").to_number<int>()),
                     .supervisor = identity_from(object.at("supervisor").as_object()),
                     .started_at = base::Time(milliseconds(object.at("started_at_ms").to_number<std::int64_t>())),
                     .stop_grace = milliseconds(object.at("stop_grace_ms").to_number<std::int64_t>())};
    if (const auto* program = object.if_contains("program")) record.program = identity_from(program->as_object());
    if (const auto* code = object.if_contains("exit_code")) record.exit_code = code->to_number<int>();
    if (const auto* signal = object.if_contains("exit_signal")) record.exit_signal = signal->to_number<int>();
    if (object.contains("failure")) record.failure = base::printable(text_of(object, "failure"));
    if (!is_plausible(record)) throw std::out_of_range("a value that no supervisor writes");
    return record;
  });
}

bool write_all(const Fd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

base::Result<void> replace_file(const Fd& directory, const std::string& name, std::string_view text, bool durable) {
  const auto temporary = name + ".tmp";
  // What a killed supervisor left, or a job put there: opening a FIFO would wait for ever.
  ::unlinkat(directory.get(), temporary.c_str(), 0);
  const Fd file(
      ::openat(directory.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool written = file && write_all(file, text) && (!durable || ::fsync(file.get()) == 0) &&
                       ::renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) == 0 &&
                       (!durable || ::fsync(directory.get()) == 0);
  if (!written) return base::from_errno(fmt::format("cannot write {} in the process's folder", name));
  return {};
}

// A job may have put anything in the file's place.
std::optional<std::string> read_file(const Fd& directory, const char* name, std::size_t limit) {
  const Fd file(::openat(directory.get(), name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  struct stat info = {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::string text(std::min(limit, static_cast<std::size_t>(info.st_size)), '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<RunRecord> read_record(const Fd& directory, const char* name) {
  const auto text = read_file(directory, name, kRecordLimitBytes);
  if (!text) return std::nullopt;
  auto record = parse_record(*text);
  return record ? std::optional(std::move(*record)) : std::nullopt;
}

Status status_of(State state, const RunRecord& record) {
  Status status;
  status.state = state;
  status.pid = state == State::running && record.program ? record.program->pid : 0;
  status.started_at = record.started_at;
  status.exit_code = record.exit_code;
  status.exit_signal = record.exit_signal;
  status.failure = record.failure;
  status.run_id = record.run_id;
  return status;
}

Status status_of_living(pid_t supervisor, const std::optional<RunRecord>& running) {
  // Before it begins its run, the record is a former one's.
  const auto stat = read_stat(supervisor);
  const bool own =
      running && stat && running->supervisor.pid == supervisor && running->supervisor.started == stat->started;
  const bool executed = own && running->phase != RunRecord::Phase::starting;
  Status status = status_of(executed ? State::running : State::starting, own ? *running : RunRecord{});
  status.supervisor_pid = supervisor;
  return status;
}

// No supervisor lives here.
Status status_of_ended(const std::optional<RunRecord>& running, const std::optional<RunRecord>& exited) {
  if (exited) return status_of(State::exited, *exited);
  if (!running || !running->program) return {};
  Status status = status_of(State::exited, *running);
  status.failure = running->program->boot_id == boot_id()
                       ? "the supervisor was killed, or could not write how the program ended"
                       : "the machine was restarted while the program ran";
  return status;
}

}  // namespace

base::Result<RunFolder> RunFolder::open(const std::filesystem::path& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory) return base::from_errno(fmt::format("cannot open the process's folder {}", path.native()));
  return RunFolder(std::move(directory));
}

base::Result<void> RunFolder::write_spec(const Spec& spec) const {
  return replace_file(directory_, kSpec, process::to_json(spec), false);
}

base::Result<Spec> RunFolder::spec() const {
  const auto text = read_file(directory_, kSpec, kSpecLimitBytes);
  if (!text) return base::not_found("the process's folder has no spec.json");
  return parse_spec(*text);
}

base::Result<void> RunFolder::write_running(const RunRecord& record) const {
  return replace_file(directory_, kRunning, to_json(record), false);
}

base::Result<void> RunFolder::begin(const RunRecord& record) const {
  TRY(write_running(record));
  if (::unlinkat(directory_.get(), kExit, 0) == 0 || errno == ENOENT) return {};
  return base::from_errno("cannot remove exit.json of the former run");
}

base::Result<void> RunFolder::write_exit(const RunRecord& record) const {
  return replace_file(directory_, kExit, to_json(record), true);
}

void RunFolder::clear() const {
  ::unlinkat(directory_.get(), kRunning, 0);
  ::unlinkat(directory_.get(), kExit, 0);
}

std::optional<RunRecord> RunFolder::running() const {
  return read_record(directory_, kRunning);
}

std::optional<RunRecord> RunFolder::exited() const {
  return read_record(directory_, kExit);
}

Status RunFolder::status() const {
  Status status;
  // The lock and the files are read one after the other: they belong together where the holder was the same throughout.
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto before = lock_holder(directory_);
    if (!before) {
      status.failure = before.error().message;
      return status;
    }
    status = *before ? status_of_living(**before, running()) : status_of_ended(running(), exited());
    const auto after = lock_holder(directory_);
    if (after && *after == *before) break;
  }
  return status;
}

bool RunFolder::left_behind() const {
  const auto record = running();
  return record && record->program && !exited();
}

}  // namespace slipway::process
