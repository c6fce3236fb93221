#include <sys/stat.h>

#include "app/cli/front.h"

int main(int argc, char** argv)
{
    ::umask(077);  // Databases, rejects and keys hold what is nobody else's business.
    return crmsync::app::run_program(argc, argv);
}
