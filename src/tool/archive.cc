#include "tool/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/subprocess.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;

// `what`: how the refusal begins; tar's own words, of which the first line says it, follow.
base::Result<void> run_tar(std::vector<std::string> arguments, const std::string& what) {
  arguments.insert(arguments.begin(), "tar");
  auto ran = TRY(cli::run_to_end({.command = std::move(arguments)}, std::chrono::hours(1)));
  if (ran.exit_code == 0) return {};
  auto output = base::trim(ran.output);
  return base::invalid(fmt::format("{} ({})", what, base::trim(output.substr(0, output.find('\n')))));
}

}  // namespace

base::Result<void> sync(const fs::path& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return base::from_errno("opening " + path.native());
  int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) return base::from_errno("writing " + path.native() + " to the disk", failed);
  return {};
}

base::Result<void> sync_all(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) TRY(sync(entry.path()));
  return sync(folder);
}

base::Result<StagingFolder> StagingFolder::make_in(const fs::path& parent) {
  std::string name = (parent.empty() ? fs::path(".") : parent) / ".slipway-XXXXXX";
  if (!::mkdtemp(name.data())) {
    return base::from_errno(fmt::format("making a folder in {}", fs::path(name).parent_path().native()));
  }
  return StagingFolder(name);
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

base::Result<void> pack(const fs::path& folder, const fs::path& file) {
  std::error_code failed;
  if (fs::exists(file, failed))
    return base::conflict(fmt::format("{} exists already: name another file", file.native()));
  auto staging = TRY(StagingFolder::make_in(file.parent_path()));  // private: nobody opens the archive meanwhile
  auto made = staging.path() / "archive";
  std::vector<std::string> arguments{
      "--create", "--file=" + made.native(), "--directory=" + folder.native(), "--numeric-owner", "--owner=0",
      "--group=0"};
  for (const char* name : kBackedUp) {
    if (fs::exists(folder / name, failed)) arguments.emplace_back(name);
  }
  arguments.emplace_back(kManifest);  // last: an archive that was cut off anywhere lacks it
  TRY(run_tar(std::move(arguments), "writing the backup failed"));
  if (::chmod(made.c_str(), 0600) != 0) return base::from_errno("closing " + made.native() + " to others");
  TRY(sync(made));
  // Fails where somebody was faster; a rename would replace his file.
  if (::link(made.c_str(), file.c_str()) != 0) return base::from_errno("making " + file.native());
  return sync(file.parent_path().empty() ? fs::path(".") : file.parent_path());
}

base::Result<void> unpack(const fs::path& file, const fs::path& folder) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return base::not_found(fmt::format("there is no file {}", file.native()));
  auto refusal = fmt::format("{} is no whole backup made by `slipway backup`: nothing was restored", file.native());
  TRY(run_tar({"--extract", "--file=" + file.native(), "--directory=" + folder.native(), "--no-same-owner"}, refusal));
  if (fs::exists(folder / kManifest, failed) && fs::exists(folder / "slipway.db", failed)) return {};
  return base::invalid(refusal);
}

}  // namespace slipway::tool
