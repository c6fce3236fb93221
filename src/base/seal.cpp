#include "base/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

namespace crmsync {

namespace {

using Bytes = std::vector<std::uint8_t>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype([](EVP_CIPHER_CTX* context) { EVP_CIPHER_CTX_free(context); })>;

/// A sealed text is this, then nonce, tag and cipher in base64.
constexpr std::string_view mark = "v1:";
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t text_max = 1u << 20;

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

/// OpenSSL fails here for want of memory only, or when we call it wrongly.
void must(bool worked)
{
    if (!worked) std::abort();
}

std::string to_base64(std::span<const std::uint8_t> bytes)
{
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::optional<Bytes> from_base64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    Bytes out(text.size() / 4 * 3);
    if (EVP_DecodeBlock(out.data(), bytes_of(text), static_cast<int>(text.size())) < 0) return std::nullopt;
    const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
    if (padding > 2) return std::nullopt;
    out.resize(out.size() - padding);
    return out;
}

}  // namespace

Seal::Seal(std::string_view key)
{
    must(EVP_Digest(key.data(), key.size(), key_.data(), nullptr, EVP_sha256(), nullptr) == 1);
}

std::string Seal::seal(std::string_view text, std::string_view purpose) const
{
    must(text.size() <= text_max);
    Bytes out(nonce_bytes + tag_bytes + text.size());
    std::uint8_t* const tag = out.data() + nonce_bytes;
    std::uint8_t* const cipher = tag + tag_bytes;
    must(RAND_bytes(out.data(), nonce_bytes) == 1);
    const Cipher context(EVP_CIPHER_CTX_new());
    int size = 0;
    must(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), out.data()) == 1);
    must(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), static_cast<int>(purpose.size())) == 1);
    must(EVP_EncryptUpdate(context.get(), cipher, &size, bytes_of(text), static_cast<int>(text.size())) == 1);
    must(EVP_EncryptFinal_ex(context.get(), cipher + size, &size) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag) == 1);
    return std::string(mark) + to_base64(out);
}

std::optional<std::string> Seal::open(std::string_view sealed, std::string_view purpose) const
{
    if (!sealed.starts_with(mark) || sealed.size() > 2 * text_max) return std::nullopt;
    std::optional<Bytes> in = from_base64(sealed.substr(mark.size()));
    if (!in || in->size() < nonce_bytes + tag_bytes) return std::nullopt;
    std::uint8_t* const tag = in->data() + nonce_bytes;
    const std::span<const std::uint8_t> cipher = std::span(*in).subspan(nonce_bytes + tag_bytes);
    std::string text(cipher.size() + 1, '\0');  // Never of size 0, so that there is something to point to.
    auto* const out = reinterpret_cast<std::uint8_t*>(text.data());
    const Cipher context(EVP_CIPHER_CTX_new());
    int size = 0;
    must(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), in->data()) == 1);
    must(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), static_cast<int>(purpose.size())) == 1);
    must(EVP_DecryptUpdate(context.get(), out, &size, cipher.data(), static_cast<int>(cipher.size())) == 1);
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag) == 1);
    if (EVP_DecryptFinal_ex(context.get(), out + size, &size) != 1) return std::nullopt;
    text.resize(cipher.size());
    return text;
}

}  // namespace crmsync
