import java.io.File;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLObject;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Java's own XML signatures, as a second opinion.
 *
 * verify FILE...                      one line a signature: true or false, in secure validation
 * sign P12 PASSWORD URI IN OUT        a XAdES signature over URI ("" or "#content"), last child of Signatures
 */
public class XmlSignatures {
    static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";
    static final String EXC = CanonicalizationMethod.EXCLUSIVE;

    public static void main(String[] args) throws Exception {
        if (args[0].equals("verify")) {
            for (int i = 1; i < args.length; i++) {
                verify(args[i]);
            }
        } else {
            sign(args[1], args[2].toCharArray(), args[3], args[4], args[5]);
        }
    }

    static Document parse(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document document = factory.newDocumentBuilder().parse(new File(file));
        NodeList all = document.getElementsByTagName("*");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            if (element.hasAttribute("Id")) {
                element.setIdAttribute("Id", true);
            }
        }
        return document;
    }

    static void verify(String file) throws Exception {
        NodeList signatures = parse(file).getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        for (int i = 0; i < signatures.getLength(); i++) {
            DOMValidateContext context = new DOMValidateContext(new CertificateSelector(), signatures.item(i));
            context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
            XMLSignature signature = XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context);
            boolean valid = signature.validate(context);
            System.out.println(valid && signature.getSignedInfo().getReferences().size() == 2);
        }
    }

    static void sign(String store, char[] password, String uri, String in, String out) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(new FileInputStream(store), password);
        String alias = keys.aliases().nextElement();
        PrivateKey key = (PrivateKey) keys.getKey(alias, password);
        X509Certificate certificate = (X509Certificate) keys.getCertificate(alias);
        Document document = parse(in);
        Element root = document.getDocumentElement();
        Element place = document.createElementNS(root.getNamespaceURI(), root.getPrefix() + ":Signatures");
        root.appendChild(place);

        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        Transform canonical = factory.newTransform(EXC, (TransformParameterSpec) null);
        Transform enveloped = factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null);
        DigestMethod sha256 = factory.newDigestMethod(DigestMethod.SHA256, null);
        Reference data = factory.newReference(
                uri, sha256, uri.isEmpty() ? List.of(enveloped, canonical) : List.of(canonical), null, "data");
        Reference properties = factory.newReference(
                "#properties", sha256, List.of(canonical), "http://uri.etsi.org/01903#SignedProperties", null);
        String method = key.getAlgorithm().equals("RSA") ? "rsa-sha256" : "ecdsa-sha256";
        SignedInfo signedInfo = factory.newSignedInfo(
                factory.newCanonicalizationMethod(EXC, (C14NMethodParameterSpec) null),
                factory.newSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#" + method, null),
                List.of(data, properties));
        KeyInfoFactory infos = factory.getKeyInfoFactory();
        KeyInfo keyInfo = infos.newKeyInfo(List.of(infos.newX509Data(List.of(certificate))));
        XMLObject object = factory.newXMLObject(
                List.of(new DOMStructure(qualifyingProperties(document, certificate))), null, null, null);
        DOMSignContext context = new DOMSignContext(key, place);
        context.setDefaultNamespacePrefix("ds");
        factory.newXMLSignature(signedInfo, keyInfo, List.of(object), "java", null).sign(context);
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(document), new StreamResult(new File(out)));
    }

    static Element qualifyingProperties(Document document, X509Certificate certificate) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
        Element qualifying = document.createElementNS(XADES, "xades:QualifyingProperties");
        qualifying.setAttribute("Target", "#java");
        Element signed = add(qualifying, XADES, "xades:SignedProperties");
        signed.setAttribute("Id", "properties");
        signed.setIdAttribute("Id", true);
        Element group = add(signed, XADES, "xades:SignedSignatureProperties");
        add(group, XADES, "xades:SigningTime").setTextContent("2026-03-05T09:00:00Z");
        Element cert = add(add(group, XADES, "xades:SigningCertificateV2"), XADES, "xades:Cert");
        Element stated = add(cert, XADES, "xades:CertDigest");
        add(stated, XMLSignature.XMLNS, "ds:DigestMethod").setAttribute("Algorithm", DigestMethod.SHA256);
        add(stated, XMLSignature.XMLNS, "ds:DigestValue").setTextContent(Base64.getEncoder().encodeToString(digest));
        return qualifying;
    }

    static Element add(Element parent, String namespace, String name) {
        Element child = parent.getOwnerDocument().createElementNS(namespace, name);
        parent.appendChild(child);
        return child;
    }

    static class CertificateSelector extends KeySelector {
        @Override
        public KeySelectorResult select(KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context) {
            X509Data data = (X509Data) info.getContent().get(0);
            Iterator<?> content = data.getContent().iterator();
            X509Certificate certificate = (X509Certificate) content.next();
            return certificate::getPublicKey;
        }
    }
}
