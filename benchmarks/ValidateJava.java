import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.XMLConstants;
import javax.xml.transform.Templates;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.sax.SAXResult;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Xerces for the schema, Saxon-HE for the Schematron, over one document again and again, in one thread.
 *
 * ValidateJava SCHEMATRON-COMPILER RECEIVED-ON SECONDS: each line read is a Schematron, a schema and a document,
 * separated by tabs; for each a line is written: nanoseconds to make both ready, and nanoseconds a document for the
 * schema and for the rules. SECONDS: of processor time over each document. As a server does, one process judges all
 * kinds, so that the compiler has seen the engines at work when a kind comes.
 */
public class ValidateJava {
    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 8;

    public static void main(String[] arguments) throws Exception {
        TransformerFactory saxon = TransformerFactory.newInstance("net.sf.saxon.TransformerFactoryImpl", null);
        Templates compiler = saxon.newTemplates(new StreamSource(new File(arguments[0])));
        double seconds = Double.parseDouble(arguments[2]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] files = line.split("\t");
            long start = CLOCK.getCurrentThreadCpuTime();
            DOMResult compiled = new DOMResult();
            compiler.newTransformer().transform(new StreamSource(new File(files[0])), compiled);
            Templates rules = saxon.newTemplates(new DOMSource(compiled.getNode()));
            Schema schema =
                SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(new File(files[1]));
            long ready = CLOCK.getCurrentThreadCpuTime() - start;
            long[] best = judged(Files.readAllBytes(Path.of(files[2])), schema, rules, arguments[1], seconds);
            System.out.println(ready + " " + best[0] + " " + best[1]);
            System.out.flush();
        }
    }

    /** Nanoseconds a document, schema and rules: the first rounds warm the compiler up, the best of all counts. */
    private static long[] judged(byte[] document, Schema schema, Templates rules, String received, double seconds)
            throws Exception {
        long[] best = {Long.MAX_VALUE / 2, Long.MAX_VALUE / 2};
        for (int round = 0; round < ROUNDS; round++) {
            long bySchema = 0;
            long byRules = 0;
            int judged = 0;
            while (bySchema + byRules < seconds * 1e9 / ROUNDS) {
                long start = CLOCK.getCurrentThreadCpuTime();
                schema.newValidator().validate(new StreamSource(new ByteArrayInputStream(document)));
                long valid = CLOCK.getCurrentThreadCpuTime();
                Transformer transformer = rules.newTransformer();
                transformer.setParameter("received-on", received);
                transformer.transform(
                    new StreamSource(new ByteArrayInputStream(document)), new SAXResult(new DefaultHandler()));
                byRules += CLOCK.getCurrentThreadCpuTime() - valid;
                bySchema += valid - start;
                judged++;
            }
            if (bySchema + byRules < (best[0] + best[1]) * judged) {
                best = new long[] {bySchema / judged, byRules / judged};
            }
        }
        return best;
    }
}
