#!/bin/bash
#SBATCH --job-name=hello
#SBATCH --ntasks-per-node=1
# Says hello from every node of the job: slipway cluster exec first-cluster -- sbatch -N1 job.sh
echo "job $SLURM_JOB_ID runs on $SLURM_JOB_NODELIST"
srun bash -c 'echo "hello from $SLURMD_NODENAME: $SLURM_CPUS_ON_NODE CPUs"'
