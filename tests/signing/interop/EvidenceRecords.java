import java.io.File;
import java.io.FileInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TSPAlgorithms;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStamp;
import org.bouncycastle.tsp.ers.ERSArchiveTimeStampGenerator;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;
import org.bouncycastle.tsp.ers.ERSEvidenceRecordGenerator;

/**
 * Evidence records by Bouncy Castle, in one run since a start is slow: STORE PASSWORD STAMPED_AT VERIFIED_AT FOLDER.
 *
 * Makes records over N.data of the folder with the time-stamping unit of the store, and says of ours-N.der whether it
 * is a record of ours-N.data. Times are milliseconds since 1970.
 */
public class EvidenceRecords {
    private static final DigestCalculatorProvider DIGESTS = provider();

    public static void main(String[] args) throws Exception {
        Date at = new Date(Long.parseLong(args[3]));
        make(args[0], args[1], Long.parseLong(args[2]), args[4]);
        for (int i = 0; new File(args[4], "ours-" + i + ".der").exists(); i++) {
            System.out.println(verdict(bytes(args[4], "ours-" + i + ".der"), bytes(args[4], "ours-" + i + ".data"), at));
        }
    }

    private static String verdict(byte[] record, byte[] data, Date at) {
        try {
            ERSEvidenceRecord read = new ERSEvidenceRecord(record, DIGESTS);
            read.validatePresent(new ERSByteData(data), at);
            read.validate(new JcaSimpleSignerInfoVerifierBuilder().build(read.getSigningCertificate()));
            return "true";
        } catch (Exception refused) {
            return "false";
        }
    }

    /** A record of each file of data, then the first of them renewed, then with a new hash tree. */
    private static void make(String path, String password, long at, String folder) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(path)) {
            store.load(in, password.toCharArray());
        }
        String alias = store.aliases().nextElement();
        PrivateKey key = (PrivateKey) store.getKey(alias, password.toCharArray());
        X509Certificate certificate = (X509Certificate) store.getCertificate(alias);

        ERSArchiveTimeStampGenerator batch = new ERSArchiveTimeStampGenerator(sha(NISTObjectIdentifiers.id_sha256));
        for (int i = 0; new File(folder, i + ".data").exists(); i++) {
            batch.addData(new ERSByteData(bytes(folder, i + ".data")));
        }
        TimeStampRequestGenerator asking = new TimeStampRequestGenerator();
        asking.setCertReq(true);
        TimeStampResponse answer = answer(batch.generateTimeStampRequest(asking), key, certificate, at);
        List<ERSArchiveTimeStamp> stamps = batch.generateArchiveTimeStamps(answer);
        ERSEvidenceRecordGenerator records = new ERSEvidenceRecordGenerator(DIGESTS);
        ERSEvidenceRecord first = null;
        for (int i = 0; i < stamps.size(); i++) {
            ERSEvidenceRecord record = records.generate(stamps.get(i));
            write(folder, i + ".der", record);
            first = first == null ? record : first;
        }
        TimeStampRequest renewal = first.generateTimeStampRenewalRequest(asking);
        ERSEvidenceRecord renewed = first.renewTimeStamp(answer(renewal, key, certificate, at + 1000));
        write(folder, "renewed.der", renewed);

        DigestCalculator stronger = sha(NISTObjectIdentifiers.id_sha512);
        ERSByteData data = new ERSByteData(bytes(folder, "0.data"));
        TimeStampRequest rehashing = renewed.generateHashRenewalRequest(stronger, data, asking);
        TimeStampResponse last = answer(rehashing, key, certificate, at + 2000);
        write(folder, "rehashed.der", renewed.renewHash(stronger, data, last));
    }

    private static TimeStampResponse answer(TimeStampRequest request, PrivateKey key, X509Certificate certificate, long at)
            throws Exception {
        TimeStampTokenGenerator tokens = new TimeStampTokenGenerator(
                new JcaSimpleSignerInfoGeneratorBuilder().build("SHA256withECDSA", key, certificate),
                sha(NISTObjectIdentifiers.id_sha256),
                new ASN1ObjectIdentifier("2.999.3161"));
        tokens.addCertificates(new JcaCertStore(List.of(certificate)));
        return new TimeStampResponseGenerator(tokens, TSPAlgorithms.ALLOWED)
                .generate(request, BigInteger.ONE, new Date(at));
    }

    private static DigestCalculator sha(ASN1ObjectIdentifier algorithm) throws Exception {
        return DIGESTS.get(new AlgorithmIdentifier(algorithm));
    }

    private static DigestCalculatorProvider provider() {
        try {
            return new JcaDigestCalculatorProviderBuilder().setProvider(new BouncyCastleProvider()).build();
        } catch (Exception broken) {
            throw new IllegalStateException(broken);
        }
    }

    private static byte[] bytes(String folder, String name) throws Exception {
        return Files.readAllBytes(Path.of(folder, name));
    }

    private static void write(String folder, String name, ERSEvidenceRecord record) throws Exception {
        Files.write(new File(folder, name).toPath(), record.getEncoded());
    }
}
