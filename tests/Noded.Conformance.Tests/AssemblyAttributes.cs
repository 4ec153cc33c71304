using Xunit.v3;

// Each test has a sandbox of its own, and most of them wait for packets that never come: more at once than there are cores.
[assembly: Parallelization(MaxThreads = 6)]
