#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace crmsync::http::testing {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};

/// A key and its certificate.
struct Identity {
    std::unique_ptr<EVP_PKEY, Free> key{EVP_EC_gen("P-256")};
    std::unique_ptr<X509, Free> certificate{X509_new()};

    std::string certificate_pem() const
    {
        return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
    }
    std::string key_pem() const
    {
        return pem(
            [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

private:
    template <class Write>
    static std::string pem(Write write)
    {
        const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
        if (write(bio.get()) != 1) throw std::runtime_error("cannot write PEM");
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
};

/// Signed by `issuer`, or by itself; `names` as subjectAltName writes them ("DNS:localhost", "IP:127.0.0.1").
inline Identity make_identity(const std::string& names, const Identity* issuer, bool is_ca, long from_s, long to_s)
{
    Identity identity;
    X509* certificate = identity.certificate.get();
    static long serial = 1;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_s);
    X509_set_pubkey(certificate, identity.key.get());
    const std::string name = is_ca ? "Test CA" : "Test server";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* signer = issuer ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    X509V3_CTX context{};
    X509V3_set_ctx(&context, signer, certificate, nullptr, nullptr, 0);
    const auto extend = [&](int nid, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        if (!extension) throw std::runtime_error("bad extension " + value);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    if (X509_sign(certificate, issuer ? issuer->key.get() : identity.key.get(), EVP_sha256()) == 0)
        throw std::runtime_error("cannot sign");
    return identity;
}

}  // namespace crmsync::http::testing
