#pragma once

#include <optional>
#include <string>

#include "store/sqlite/database.h"

namespace crmsync::sqlite {

/// Where the processes that write one database line up. SQLite's writers only look now and then whether its lock is
/// free; one that writes without pause would shut the others out. Here whoever waits for the lock holds the turn, and
/// who has just written must wait for the turn first. One thread at a time.
class Turnstile {
public:
    /// `path`: a file of its own beside the database, made when it is not there. `unavailable`: it can't be.
    static Result<Turnstile> open(const std::string& path);
    ~Turnstile();
    Turnstile(Turnstile&& other) noexcept;
    Turnstile(const Turnstile&) = delete;
    Turnstile& operator=(const Turnstile&) = delete;

    /// Held by one at a time, over all processes, until it goes.
    class Turn {
    public:
        explicit Turn(const Turnstile& turnstile);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        int descriptor_;
    };
    /// Waits for the turn; throws DatabaseError (`unavailable`) when that takes as long as SQLite waits for a lock.
    Turn take() const { return Turn(*this); }

private:
    explicit Turnstile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace crmsync::sqlite
