#pragma once
// The folder of an environment whose documents are made of generic actions: where it lies, and what may be done there.
// Everything here but the constructor blocks a little. All of it is done as the environments' account.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/secret.h"
#include "provider/local/machine.h"

namespace slipway::provider::local::programs {

namespace fs = std::filesystem;

class Place {
 public:
  Place(const Machine& machine, const base::EnvironmentId& id);

  const fs::path& folder() const { return folder_; }
  // Folders of process::Supervisors, one for each program that was started.
  fs::path processes() const { return folder_ / "process"; }
  fs::path process(std::string_view name) const { return processes() / name; }
  std::vector<std::string> names() const;
  // The last lines of what the program wrote, oldest first.
  std::vector<std::string> last_lines(std::string_view name, std::size_t count = 10) const;

  // A path of this folder, as a document names it. Errors: invalid with code PathOutside where it leads out of it, also
  // by a link.
  base::Result<fs::path> inside(std::string_view path) const;
  // Each idempotent; parents are made. Errors: PathOutside, DiskFull, DirectoryNotWritable.
  base::Result<void> make_folder(std::string_view path) const;
  base::Result<void> write_file(std::string_view path, std::string_view text, mode_t mode) const;
  // Makes the secret where there is none; it is on the disk when this returns. Gives its file, which is 0600.
  base::Result<fs::path> new_secret(std::string_view name) const;
  // Errors: not_found with code NoSecret.
  base::Result<base::Secret> read_secret(std::string_view name) const;
  // Removes a program's folder; nothing of it may run.
  base::Result<void> forget(std::string_view program) const;
  base::Result<void> remove() const;

 private:
  base::Result<void> remove(const fs::path& folder) const;

  const Machine& machine_;
  fs::path folder_;
};

// Letters, digits, - and _: a name of a program or of a secret. Errors: invalid with code BadName.
base::Result<void> check_name(std::string_view name);

}  // namespace slipway::provider::local::programs
