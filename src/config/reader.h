#pragma once
// Settings: one YAML file, the environment (SLIPWAY_...) and the command line, the later one winning. Every folder owns
// a plain struct with its defaults and fills it here; the server then asks for all mistakes at once. Nothing reads the
// file or the environment later. Knows no setting.
//
// A setting has a path, such as http.idle_time; its environment variable is the path in upper case with '_' for every
// other character: SLIPWAY_HTTP_IDLE_TIME.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::config {

struct Sources {
  std::string file_text;                           // YAML; empty: no file
  std::string file_name;                           // as messages say it
  std::map<std::string, std::string> environment;  // variables whose names begin with SLIPWAY_; others are ignored
  std::map<std::string, std::string> overrides;    // by path, from the command line
};

// `environ` as a map, SLIPWAY_ variables alone.
std::map<std::string, std::string> slipway_environment();

class Reader;
struct SectionState;

// A mapping of settings. Each read() looks `name` up and overwrites `field` where a source gives a value that fits;
// otherwise `field`, the default, stays, and a value that does not fit is noted as a mistake.
class Section {
 public:
  void read(std::string_view name, std::string& field);
  void read(std::string_view name, base::Secret& field);  // masked in print()
  void read(std::string_view name, bool& field);          // true, false; the environment also 1 and 0
  void read(std::string_view name, std::filesystem::path& field);
  void read(std::string_view name, std::vector<std::string>& field);  // a sequence; in text separated by commas
  void read(std::string_view name, std::int64_t& field, std::int64_t least = 0,
            std::int64_t most = std::numeric_limits<std::int64_t>::max());
  void read(std::string_view name, int& field, int least = 0, int most = std::numeric_limits<int>::max());
  // "250ms", "30s", "5m", "1h", "30d"; a bare number is refused but for 0.
  void read(std::string_view name, std::chrono::milliseconds& field, std::chrono::milliseconds least = {},
            std::chrono::milliseconds most = std::chrono::milliseconds::max());
  // "512", "16KiB", "1MiB", "2GiB".
  void read_bytes(std::string_view name, std::size_t& field, std::size_t least = 0,
                  std::size_t most = std::numeric_limits<std::size_t>::max());
  // One of `choices`; gives its index.
  void read_choice(std::string_view name, int& field, std::span<const std::string_view> choices);

  // The mapping under `name`; an empty one where there is none.
  Section section(std::string_view name);
  // One section for each element of the sequence of mappings under `name`; none where it is absent. Elements come from
  // the file alone; the environment may change their members: SLIPWAY_LISTENERS_0_LISTEN.
  std::vector<Section> sections(std::string_view name);
  // True where the file has `name`.
  bool has(std::string_view name) const;
  // Notes a mistake that only the owner of the struct can see, such as two settings that exclude each other.
  void refuse(std::string_view name, std::string why);

 private:
  friend class Reader;
  explicit Section(std::shared_ptr<SectionState> state) : state_(std::move(state)) {}
  std::shared_ptr<SectionState> state_;
};

class Reader {
 public:
  // A file that is no YAML mapping is the first mistake, and then reads as empty.
  explicit Reader(Sources sources);
  ~Reader();

  Section root();
  // Call when everything has been read. Invalid with all mistakes, a line each: unknown keys of the file (with the
  // nearest known one), values that do not fit, refuse(). Each begins with file, line and column or the variable's
  // name.
  base::Result<void> finish() const;
  // SLIPWAY_ variables that no setting read and that are not in `known`, each with the nearest known name: for a
  // warning.
  std::vector<std::string> unknown_variables(std::span<const std::string> known) const;
  // The effective settings as YAML, each with where it comes from; secrets as ********.
  std::string print() const;

 private:
  std::shared_ptr<SectionState> root_;
};

// The parts, for flags of the command line and for tests. Invalid names the text and what would be right.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);
base::Result<std::size_t> parse_bytes(std::string_view text);
std::string print_duration(std::chrono::milliseconds duration);
std::string print_bytes(std::size_t bytes);
// The one of `known` that is fewest edits from `text`, empty where none is near.
std::string nearest(std::string_view text, const std::vector<std::string>& known);

}  // namespace slipway::config
