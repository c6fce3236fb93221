#include "metrics/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "base/clock.h"

namespace crmsync::metrics {
namespace {

TEST(Process, FiguresAreThoseOfTheKernel)
{
    const ProcessFigures figures = read_process();
    std::ifstream statm("/proc/self/statm");
    double pages = 0;
    statm >> pages;
    const double bytes = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
    EXPECT_NEAR(figures.virtual_bytes, bytes, bytes / 2);
    EXPECT_GT(figures.resident_bytes, 1 << 20);
    EXPECT_LT(figures.resident_bytes, figures.virtual_bytes);
    EXPECT_GE(figures.threads, 1);
    const double now = std::chrono::duration<double>(SystemClock{}.now().time_since_epoch()).count();
    EXPECT_LE(figures.started_at, now + 2) << "the boot time is told in whole seconds";
    EXPECT_GT(figures.started_at, now - 3600);
}

TEST(Process, CountsOpenFiles)
{
    const double before = read_process().open_files;
    const std::ifstream file("/proc/self/stat");
    EXPECT_EQ(read_process().open_files, before + 1);
    EXPECT_GT(read_process().open_files_max, before);
}

TEST(Process, CountsProcessorTime)
{
    const double before = read_process().cpu_seconds;
    while (read_process().cpu_seconds == before) {
    }
    EXPECT_LT(read_process().cpu_seconds, before + 60);
}

}  // namespace
}  // namespace crmsync::metrics
