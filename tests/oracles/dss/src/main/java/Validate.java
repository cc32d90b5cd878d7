import eu.europa.esig.dss.diagnostic.EvidenceRecordWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.evidencerecord.asn1.validation.ASN1EvidenceRecordValidator;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;

import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Validates documents offline with EU DSS: anchors (comma between them), moment, files. One line for each signature and
 * evidence record. A file after which `=` and another follow is an evidence record over that other one.
 */
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
      String[] parts = arguments[i].split("=");
      FileDocument document = new FileDocument(parts[0]);
      Reports reports;
      if (parts.length == 2) {
        ASN1EvidenceRecordValidator validator = new ASN1EvidenceRecordValidator(document);
        validator.setDetachedContents(List.of(new FileDocument(parts[1])));
        validator.setCertificateVerifier(verifier);
        validator.setValidationTime(at);
        reports = validator.validateDocument();
      } else {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(document);
        validator.setCertificateVerifier(verifier);
        validator.setValidationTime(at);
        reports = validator.validateDocument();
      }
      String name = new File(parts[0]).getName();
      SimpleReport simple = reports.getSimpleReport();
      for (SignatureWrapper signature : reports.getDiagnosticData().getSignatures()) {
        String id = signature.getId();
        print(name, simple, id, String.valueOf(simple.getSignatureFormat(id)), signature.isStructuralValidationValid(),
            DSSUtils.formatDateToRFC(simple.getBestSignatureTime(id)), stamps(simple, signature.getTimestampList()));
      }
      for (EvidenceRecordWrapper record : reports.getDiagnosticData().getEvidenceRecords()) {
        boolean isWhole = record.getDigestMatchers().stream().allMatch(each -> each.isDataIntact());
        print(name, simple, record.getId(), "EvidenceRecord", isWhole,
            DSSUtils.formatDateToRFC(simple.getEvidenceRecordPOE(record.getId())),
            stamps(simple, record.getTimestampList()));
      }
    }
  }

  private static String stamps(SimpleReport simple, Collection<TimestampWrapper> stamps) {
    return stamps.stream().map(stamp -> {
      boolean isIntact = stamp.isMessageImprintDataIntact() && stamp.isSignatureIntact();
      return stamp.getType() + ":" + (isIntact ? String.valueOf(simple.getIndication(stamp.getId())) : "ALTERED");
    }).collect(Collectors.joining(" "));
  }

  private static void print(
      String name, SimpleReport simple, String id, String level, boolean isStructureValid, String best, String stamps) {
    System.out.println(String.join("|", name, level, String.valueOf(simple.getIndication(id)),
        String.valueOf(simple.getSubIndication(id)), String.valueOf(isStructureValid), best, stamps,
        simple.getAdESValidationErrors(id).stream().map(each -> each.getValue()).toList().toString()));
  }
}
