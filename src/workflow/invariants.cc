#include "workflow/invariants.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/parse.hpp>
#include <optional>

#include "storage/executions.h"
#include "storage/installation.h"
#include "workflow/parameters.h"
#include "workflow/state.h"
#include "workflow/token.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

using Found = std::vector<BrokenInvariant>;

// Each gives two columns: where, and what is wrong there.
struct Query {
  std::string_view invariant;
  std::string_view sql;
};
constexpr Query kQueries[] = {
    // Launch, start and stop write their execution with the status, and the end of the execution changes it again.
    {"I1",
     "SELECT 'environment ' || e.id, 'it is ' || e.status || ', and no execution runs that would end this' "
     "FROM environment e WHERE e.status IN ('pending', 'starting', 'stopping') AND NOT EXISTS "
     "(SELECT 1 FROM execution x WHERE x.environment_id = e.id AND x.ended_at IS NULL AND x.parent_id = '')"},
    {"I1",
     "SELECT 'environment ' || environment_id, count(*) || ' executions run at once' FROM execution "
     "WHERE ended_at IS NULL AND parent_id = '' GROUP BY environment_id HAVING count(*) > 1"},

    {"I2",
     "SELECT 'execution ' || execution_id, 'its journal row ' || jid || ' has seq ' || seq || ' after ' || "
     "coalesce(before, 'nothing') FROM (SELECT execution_id, jid, seq, "
     "lag(seq) OVER (PARTITION BY execution_id ORDER BY jid) AS before FROM journal) "
     "WHERE CASE WHEN before IS NULL THEN seq <> 0 ELSE seq - before NOT IN (0, 1) END"},
    {"I2",
     "SELECT 'execution ' || e.id, 'its row has seq ' || e.seq || ', its journal ends at ' || coalesce(j.last, "
     "'nothing') FROM execution e LEFT JOIN (SELECT execution_id, max(seq) AS last FROM journal GROUP BY execution_id) "
     "j ON j.execution_id = e.id WHERE j.last IS NOT e.seq"},
    {"I2",
     "SELECT 'execution ' || execution_id, count(*) || ' journal rows of an execution that does not exist' FROM "
     "journal "
     "WHERE execution_id NOT IN (SELECT id FROM execution) GROUP BY execution_id"},

    {"I3",
     "SELECT 'execution ' || execution_id, 'the fence falls from ' || before || ' to ' || fence || ' in journal row ' "
     "|| jid FROM (SELECT execution_id, jid, fence, lag(fence) OVER (PARTITION BY execution_id ORDER BY jid) AS before "
     "FROM journal) WHERE fence < before"},
    {"I3",
     "SELECT 'execution ' || e.id, 'its row has fence ' || e.fence || ', its journal ' || j.most FROM execution e JOIN "
     "(SELECT execution_id, max(fence) AS most FROM journal GROUP BY execution_id) j ON j.execution_id = e.id "
     "WHERE j.most > e.fence"},

    {"I4",
     "SELECT 'execution ' || execution_id, 'step ' || step || ', visit ' || visit || ', has ' || count(*) || "
     "' rows of kind ' || kind FROM journal WHERE kind IN ('Entered', 'Outcome') "
     "GROUP BY execution_id, step, visit, kind HAVING count(*) > 1"},
    {"I4",
     "SELECT 'execution ' || o.execution_id, 'step ' || o.step || ', visit ' || o.visit || ', has an outcome and was "
     "never entered' FROM journal o WHERE o.kind = 'Outcome' AND NOT EXISTS (SELECT 1 FROM journal e WHERE "
     "e.execution_id = o.execution_id AND e.kind = 'Entered' AND e.step = o.step AND e.visit = o.visit AND e.jid < "
     "o.jid)"},

    {"I5",
     "SELECT 'execution ' || j.execution_id, 'journal row ' || j.jid || ' (' || j.kind || ') comes after its end' FROM "
     "journal j JOIN (SELECT execution_id, min(jid) AS jid FROM journal WHERE kind = 'Ended' GROUP BY execution_id) e "
     "ON e.execution_id = j.execution_id WHERE j.jid > e.jid"},
    {"I5",
     "SELECT 'execution ' || e.id, 'row and journal disagree whether it has ended: ' || e.state FROM execution e WHERE "
     "(e.ended_at IS NOT NULL) <> EXISTS (SELECT 1 FROM journal j WHERE j.execution_id = e.id AND j.kind = 'Ended')"},
    {"I5",
     "SELECT 'execution ' || id, 'its state ' || state || ' does not go with ' || CASE WHEN ended_at IS NULL THEN 'no "
     "' "
     "ELSE 'an ' END || 'end' FROM execution WHERE (ended_at IS NOT NULL) <> (state IN ('Success', 'TimedOut', "
     "'Cancelled', 'Failed'))"},

    {"I6",
     "SELECT 'execution ' || min(execution_id), count(*) || ' effects share the token ' || token FROM effect "
     "GROUP BY token HAVING count(*) > 1"},
    // Each further call of an unsafe action was allowed by a second attempt or by a person.
    {"I6",
     "SELECT 'execution ' || f.execution_id, 'the unsafe ' || f.action || ' of step ' || f.step || ' was called ' || "
     "f.sends || ' times' FROM effect f WHERE f.effect_class = 'unsafe' AND f.sends > 1 + (SELECT count(*) FROM "
     "journal "
     "j WHERE j.execution_id = f.execution_id AND j.step = f.step AND j.visit = f.visit AND j.kind IN ('Retry', "
     "'Signal'))"},

    {"I7",
     "SELECT 'execution ' || f.execution_id, 'the effect of step ' || f.step || ', visit ' || f.visit || ', stands "
     "without the entry of that step' FROM effect f WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.execution_id = "
     "f.execution_id AND j.kind = 'Entered' AND j.step = f.step AND j.visit = f.visit)"},
    {"I7",
     "SELECT 'execution ' || f.execution_id, 'step ' || f.step || ' was answered (' || f.state || ') and has no "
     "outcome' FROM effect f WHERE f.state IN ('known_ok', 'known_failed') AND NOT EXISTS (SELECT 1 FROM journal j "
     "WHERE j.execution_id = f.execution_id AND j.step = f.step AND j.visit = f.visit AND j.kind IN ('Outcome', "
     "'Retry'))"},
    {"I7",
     "SELECT 'execution ' || f.execution_id, 'it has ended, and whether step ' || f.step || ' was answered is not "
     "recorded' FROM effect f JOIN execution e ON e.id = f.execution_id WHERE f.state = 'intent' AND e.ended_at IS NOT "
     "NULL"},
    {"I7",
     "SELECT 'execution ' || execution_id, 'the effect of step ' || step || ' counts ' || sends || ' calls' FROM "
     "effect "
     "WHERE sends < 1"},

    {"I13",
     "SELECT 'execution ' || id, 'its parent ' || parent_id || ' does not exist' FROM execution WHERE parent_id <> '' "
     "AND parent_id NOT IN (SELECT id FROM execution)"},
    {"I13",
     "SELECT 'execution ' || c.id, 'it runs, and its parent ' || c.parent_id || ' has ended' FROM execution c JOIN "
     "execution p ON p.id = c.parent_id WHERE c.ended_at IS NULL AND p.ended_at IS NOT NULL"},
    // Each attempt of a step makes one: the first with its entry, every further one after a Retry.
    {"I13",
     "SELECT 'execution ' || parent_id, 'it has ' || children || ' children, and made ' || attempts || ' attempts of "
     "steps that make one' FROM (SELECT c.parent_id, count(*) AS children, (SELECT count(*) FROM journal e JOIN "
     "journal "
     "j ON j.execution_id = e.execution_id AND j.step = e.step AND j.visit = e.visit AND j.kind IN ('Entered', "
     "'Retry') "
     "WHERE e.execution_id = c.parent_id AND e.kind = 'Entered' AND json_extract(e.payload, '$.action') = "
     "'aws:executeAutomation') AS attempts FROM execution c WHERE c.parent_id <> '' GROUP BY c.parent_id) WHERE "
     "children > attempts"},
};

base::Result<void> run(storage::Connection& connection, const Query& query, Found& found) {
  int count = 0;
  return connection.query(query.sql, {}, [&](const storage::Row& row) {
    if (count++ < kMostOfOne) {
      found.push_back({std::string(query.invariant), std::string(row.text(0)), std::string(row.text(1))});
    }
  });
}

// Tokens must come out the same after a crash and a restore: each is what can be derived.
base::Result<void> check_tokens(storage::Connection& connection, Found& found) {
  const auto installation = TRY(storage::installation_id(connection));
  int count = 0;
  return connection.query(
      "SELECT execution_id, step, visit, generation, token FROM effect", {}, [&](const storage::Row& row) {
        const base::ExecutionId id{std::string(row.text(0))};
        const auto derived = effect_token(installation, id, row.text(1), static_cast<int>(row.integer(2)),
                                          static_cast<int>(row.integer(3)));
        if (derived == row.text(4) || count++ >= kMostOfOne) return;
        found.push_back(
            {"I6", "execution " + id.str(),
             fmt::format("the token of step {} is {}, not the derived {}", row.text(1), row.text(4), derived)});
      });
}

// Something must bring each active execution on: the clock, an answer with a deadline, a person, or a child.
base::Result<void> check_liveness(storage::Connection& connection, Found& found) {
  std::vector<base::ExecutionId> active;
  const auto every = base::Time::max();
  TRY(storage::each_due_execution(connection, every, [&](storage::Due due) { active.push_back(std::move(due.id)); }));
  int count = 0;
  for (const auto& id : active) {
    auto row = TRY(storage::find_execution(connection, id));
    if (!row) continue;
    const auto wakes = row->wake_at.has_value();
    auto report = [&](std::string what) {
      if (count++ < kMostOfOne) found.push_back({"I14", "execution " + id.str(), std::move(what)});
    };
    const auto read = read_progress(*row);
    if (!read) {
      report(read.error().message);
      continue;
    }
    const auto& state = *read;
    const bool needs_clock = state.waiting == Waiting::sleep || state.waiting == Waiting::retry;
    if (state.status == Status::waiting && state.waiting == Waiting::nothing) report("it waits for nothing");
    if (needs_clock && !wakes) report("it waits for a time, and has none");
    if (state.in_flight() && state.at.deadline == base::Time{}) report("its call has no deadline");
  }
  return {};
}

bool names_a_key(std::string_view text) {
  return text.find("PRIVATE KEY-----") != text.npos;
}

// `?token=` and a long value, as a Jupyter server prints it.
bool holds_a_token(std::string_view text) {
  constexpr std::string_view kMark = "token=";
  for (auto at = text.find(kMark); at != text.npos; at = text.find(kMark, at + 1)) {
    const auto value = text.substr(at + kMark.size());
    const auto end = value.find_first_not_of("0123456789abcdefABCDEF");
    if (at > 0 && (text[at - 1] == '?' || text[at - 1] == '&') && std::min(end, value.size()) >= 16) return true;
  }
  return false;
}

// Why `value` may not be stored, or nothing. `key`: the name it has.
std::optional<std::string> secret_in(const json::value& value, std::string_view key) {
  if (value.is_object()) {
    for (const auto& [name, item] : value.get_object()) {
      if (auto found = secret_in(item, name)) return found;
    }
  } else if (value.is_array()) {
    for (const auto& item : value.get_array()) {
      if (auto found = secret_in(item, key)) return found;
    }
  } else if (value.is_string()) {
    if (status_from(value.get_string())) return std::nullopt;  // how a step ended, whose name may be Token
    const std::string_view text = value.get_string();
    const bool hidden = text.empty() || text == kHidden || text.starts_with("{{");
    if (is_sensitive(key) && !hidden) return fmt::format("the value of {}", key);
    if (names_a_key(text)) return "a private key";
    if (holds_a_token(text)) return "a token";
  }
  return std::nullopt;
}

// Texts of a table. What is recorded for people may hold no value with a sensitive name either; the rest may, sealed.
struct Texts {
  std::string_view where;
  std::string_view table;
  std::vector<std::string_view> columns;
  bool recorded = false;
};

base::Result<void> check_texts(storage::Connection& connection, const Texts& texts, const Secrets& secrets,
                               Found& found) {
  int count = 0;
  const auto sql = fmt::format("SELECT {}, {} FROM {}", texts.where, fmt::join(texts.columns, ", "), texts.table);
  return connection.query(sql, {}, [&](const storage::Row& row) {
    for (std::size_t i = 0; i < texts.columns.size(); ++i) {
      const auto text = row.text(static_cast<int>(i) + 1);
      if (text.empty() || storage::is_sealed(text)) continue;
      boost::system::error_code no_json;
      auto value = json::parse(text, no_json);
      if (no_json) value = json::string(text);
      auto secret = texts.recorded ? secret_in(value, "") : std::nullopt;
      if (!secret && shows(value, secrets)) secret = "a secret of this installation";
      if (!secret || count++ >= kMostOfOne) continue;
      found.push_back({"I12", std::string(row.text(0)), fmt::format("its {} shows {}", texts.columns[i], *secret)});
    }
  });
}

base::Result<void> check_secrets(storage::Connection& connection, const Secrets& secrets, Found& found) {
  const Texts all[] = {
      {"'journal row ' || jid", "journal", {"payload"}, true},
      {"'effect of step ' || step || ' of execution ' || execution_id", "effect", {"outcome"}, true},
      {"'execution ' || id", "execution", {"failure_text", "progress"}, true},
      {"'event ' || id", "event", {"data"}, true},
      {"'audit record ' || id", "audit", {"before", "after"}, true},
      {"'journal row ' || jid", "journal", {"step", "kind"}},
      {"'effect of step ' || step || ' of execution ' || execution_id", "effect", {"token", "action", "request_hash"}},
      {"'execution ' || id", "execution", {"vals", "cursor", "failure_code", "correlation_id", "cancel_by"}},
      {"'environment ' || id",
       "environment",
       {"parameters", "request_document", "outputs", "failure_code", "failure_reason", "name", "owner", "tags",
        "correlation_id", "instance_id", "instance_arn", "instance_role"}},
  };
  for (const auto& texts : all) TRY(check_texts(connection, texts, secrets, found));
  return {};
}

}  // namespace

base::Result<std::vector<BrokenInvariant>> broken_invariants(storage::Connection& connection, const Secrets& secrets) {
  Found found;
  for (const auto& query : kQueries) TRY(run(connection, query, found));
  TRY(check_tokens(connection, found));
  TRY(check_secrets(connection, secrets, found));
  TRY(check_liveness(connection, found));
  return found;
}

}  // namespace slipway::workflow
