#pragma once
// The demo's jobs: Slurm's own clients, run against the cluster as its account, and what they print.

#include "base/result.h"
#include "cli/context.h"
#include "cli/slurm_place.h"
#include "cli/stage.h"

namespace slipway::cli {

class DemoJobs {
 public:
  DemoJobs(const Context& context, const SlurmPlace& place, Stage& stage, std::string job_script)
      : context_(context), place_(place), stage_(stage), job_script_(std::move(job_script)) {}

  base::Result<void> show_nodes();            // sinfo
  base::Result<void> batch_on_static_node();  // sbatch, one node that runs already
  base::Result<void> run_on_all_nodes();      // srun, static and elastic nodes
  base::Result<void> batch_on_all_nodes();    // sbatch, the same nodes

 private:
  base::Result<std::string> client(std::vector<std::string> command, std::string input = {}) const;
  base::Result<int> node_count() const;
  base::Result<std::string> static_node() const;
  base::Result<void> batch(const std::string& title, std::vector<std::string> options);
  // Returns its state when the job has ended.
  base::Result<std::string> wait_for_job(const std::string& id);

  const Context& context_;
  const SlurmPlace& place_;
  Stage& stage_;
  std::string job_script_;
};

}  // namespace slipway::cli
