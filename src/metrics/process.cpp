#include "metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace crmsync::metrics {

namespace {

/// The fields of /proc/self/stat from the third on: the second is a name in brackets, which may hold anything.
std::vector<std::string> stat_fields()
{
    std::ifstream in("/proc/self/stat");
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::istringstream rest(text.substr(std::min(text.rfind(')') + 1, text.size())));
    return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

/// When the machine was started, in seconds since 1970.
double boot_time()
{
    std::ifstream in("/proc/stat");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    return 0;
}

double open_files()
{
    std::error_code failure;
    std::filesystem::directory_iterator files("/proc/self/fd", failure);
    // The one that reads the directory is among them.
    return failure ? 0 : static_cast<double>(std::distance(begin(files), end(files))) - 1;
}

}  // namespace

ProcessFigures read_process()
{
    // Numbered as in proc(5), less the two before the bracket.
    constexpr std::size_t user_time = 11, system_time = 12, threads = 17, start = 19, size = 20, resident = 21;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    ProcessFigures figures;
    const auto fields = stat_fields();
    if (fields.size() > resident) {
        const auto number = [&](std::size_t field) { return std::stod(fields[field]); };
        figures.cpu_seconds = (number(user_time) + number(system_time)) / ticks;
        figures.threads = number(threads);
        figures.started_at = boot_time() + number(start) / ticks;
        figures.virtual_bytes = number(size);
        figures.resident_bytes = number(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
    figures.open_files = open_files();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.open_files_max = static_cast<double>(limit.rlim_cur);
    return figures;
}

}  // namespace crmsync::metrics
