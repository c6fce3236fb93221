#include "base/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

#include "base/digest.h"

namespace crmsync {

namespace {

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype([](EVP_CIPHER_CTX* context) { EVP_CIPHER_CTX_free(context); })>;

/// A sealed text is this, then nonce, tag and cipher in base64.
constexpr std::string_view mark = "v1:";
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t text_max = 1u << 20;

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
std::uint8_t* bytes_of(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

/// OpenSSL fails here for want of memory only, or when we call it wrongly.
void must(bool worked)
{
    if (!worked) std::abort();
}

}  // namespace

Seal::Seal(std::string_view key)
{
    const std::string digest = sha256(key);
    std::copy(digest.begin(), digest.end(), key_.begin());
}

std::string Seal::seal(std::string_view text, std::string_view purpose) const
{
    must(text.size() <= text_max);
    std::string out(nonce_bytes + tag_bytes + text.size(), '\0');
    std::uint8_t* const nonce = bytes_of(out);
    std::uint8_t* const tag = nonce + nonce_bytes;
    std::uint8_t* const cipher = tag + tag_bytes;
    must(RAND_bytes(nonce, nonce_bytes) == 1);
    const Cipher context(EVP_CIPHER_CTX_new());
    int size = 0;
    must(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1);
    must(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), static_cast<int>(purpose.size())) == 1);
    must(EVP_EncryptUpdate(context.get(), cipher, &size, bytes_of(text), static_cast<int>(text.size())) == 1);
    must(EVP_EncryptFinal_ex(context.get(), cipher + size, &size) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag) == 1);
    return std::string(mark) + to_base64(out);
}

std::optional<std::string> Seal::open(std::string_view sealed, std::string_view purpose) const
{
    if (!sealed.starts_with(mark) || sealed.size() > 2 * text_max) return std::nullopt;
    std::optional<std::string> in = from_base64(sealed.substr(mark.size()));
    if (!in || in->size() < nonce_bytes + tag_bytes) return std::nullopt;
    std::uint8_t* const nonce = bytes_of(*in);
    std::uint8_t* const tag = nonce + nonce_bytes;
    const std::uint8_t* const cipher = tag + tag_bytes;
    std::string text(in->size() - nonce_bytes - tag_bytes, '\0');
    std::uint8_t* const out = bytes_of(text);
    const Cipher context(EVP_CIPHER_CTX_new());
    int size = 0;
    must(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1);
    must(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), static_cast<int>(purpose.size())) == 1);
    must(EVP_DecryptUpdate(context.get(), out, &size, cipher, static_cast<int>(text.size())) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag) == 1);
    if (EVP_DecryptFinal_ex(context.get(), out + size, &size) != 1) return std::nullopt;
    return text;
}

}  // namespace crmsync
