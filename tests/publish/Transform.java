import java.io.BufferedReader;
import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import javax.xml.XMLConstants;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Templates;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;

/**
 * The JDK's own XSLT 1.0 under secure processing, as a second opinion.
 *
 * Transform JOBS RESULT: each line of JOBS is a stylesheet, a document and parameters (name=value), separated by tabs.
 * RESULT holds the results one after the other within one element.
 */
public class Transform {
    public static void main(String[] arguments) throws Exception {
        TransformerFactory factory =
            TransformerFactory.newInstance("com.sun.org.apache.xalan.internal.xsltc.trax.TransformerFactoryImpl", null);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_DTD, "");
        factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_STYLESHEET, "");
        Map<String, Templates> compiled = new HashMap<>();
        try (BufferedReader jobs = Files.newBufferedReader(Path.of(arguments[0]));
                OutputStream result = new FileOutputStream(arguments[1])) {
            result.write("<results>".getBytes(StandardCharsets.UTF_8));
            for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
                String[] parts = line.split("\t");
                Templates templates = compiled.get(parts[0]);
                if (templates == null) {
                    templates = factory.newTemplates(new StreamSource(new File(parts[0])));
                    compiled.put(parts[0], templates);
                }
                Transformer transformer = templates.newTransformer();
                transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
                for (int position = 2; position < parts.length; position++) {
                    String[] pair = parts[position].split("=", 2);
                    transformer.setParameter(pair[0], pair[1]);
                }
                transformer.transform(new StreamSource(new File(parts[1])), new StreamResult(result));
            }
            result.write("</results>".getBytes(StandardCharsets.UTF_8));
        }
    }
}
