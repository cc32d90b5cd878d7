import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.time.Instant;
import java.util.Date;

/** Validates documents offline with EU DSS: anchors (comma between them), moment, files. One line for each signature. */
public final class Validate {
  public static void main(String[] arguments) throws Exception {
    CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
    for (String anchor : arguments[0].split(",")) {
      trusted.addCertificate(DSSUtils.loadCertificate(new File(anchor)));
    }
    Date at = Date.from(Instant.parse(arguments[1]));
    for (int i = 2; i < arguments.length; i++) {
      CommonCertificateVerifier verifier = new CommonCertificateVerifier();
      verifier.setTrustedCertSources(trusted);
      verifier.setAIASource(null);
      SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(arguments[i]));
      validator.setCertificateVerifier(verifier);
      validator.setValidationTime(at);
      Reports reports = validator.validateDocument();
      SimpleReport simple = reports.getSimpleReport();
      for (SignatureWrapper signature : reports.getDiagnosticData().getSignatures()) {
        StringBuilder stamps = new StringBuilder();
        for (TimestampWrapper stamp : signature.getTimestampList()) {
          boolean isIntact = stamp.isMessageImprintDataIntact() && stamp.isSignatureIntact();
          String outcome = isIntact ? String.valueOf(simple.getIndication(stamp.getId())) : "ALTERED";
          stamps.append(stamp.getType()).append(":").append(outcome).append(" ");
        }
        String id = signature.getId();
        System.out.println(String.join("|",
            new File(arguments[i]).getName(),
            String.valueOf(simple.getSignatureFormat(id)),
            String.valueOf(simple.getIndication(id)),
            String.valueOf(simple.getSubIndication(id)),
            String.valueOf(signature.isStructuralValidationValid()),
            DSSUtils.formatDateToRFC(simple.getBestSignatureTime(id)),
            stamps.toString().trim(),
            simple.getAdESValidationErrors(id).stream().map(each -> each.getValue()).toList().toString()));
      }
    }
  }
}
