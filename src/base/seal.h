#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crmsync {

/// Encrypts short secrets for keeping (AES-256-GCM, a fresh random nonce each time). Thread-safe: it holds nothing but
/// the key, which is the SHA-256 of what a person or a key file gives, at least 32 random characters.
class Seal {
public:
    explicit Seal(std::string_view key);

    /// Printable text. `purpose` is not kept in it, but needed to open it: a text sealed for one place is of no use in
    /// another.
    std::string seal(std::string_view text, std::string_view purpose) const;
    /// Nothing when it was sealed with another key or purpose, or changed since.
    std::optional<std::string> open(std::string_view sealed, std::string_view purpose) const;

private:
    std::array<std::uint8_t, 32> key_{};
};

}  // namespace crmsync
