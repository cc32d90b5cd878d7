import java.io.File;
import java.io.FileInputStream;
import java.util.List;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Asks veraPDF whether files are PDF/A-3a and PDF/UA-1. One line for each file and standard, with the rules broken. */
public final class Conform {
  public static void main(String[] arguments) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    for (String name : arguments) {
      for (PDFAFlavour flavour : List.of(PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1)) {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(name), flavour)) {
          ValidationResult result = Foundries.defaultInstance().createValidator(flavour, false).validate(parser);
          TreeSet<String> broken = new TreeSet<>();
          for (TestAssertion each : result.getTestAssertions()) {
            if (each.getStatus() == TestAssertion.Status.FAILED) {
              broken.add(each.getRuleId().getClause() + "-" + each.getRuleId().getTestNumber());
            }
          }
          System.out.println(String.join("|", new File(name).getName(), flavour.getId(),
              String.valueOf(result.isCompliant()), String.valueOf(result.getTotalAssertions()), broken.toString()));
        }
      }
    }
  }
}
